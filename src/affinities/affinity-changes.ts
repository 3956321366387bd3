import type { AffinityIdentity, PinTarget } from './affinity-record.js'

/** Stands for one clear: the same object for each of its removals. */
export interface ClearMark {
  readonly auditEventId: string
}

/** A removal by a clear. */
export interface KnownRemoval {
  readonly clear: ClearMark
  /** False for what had been removed before, and was written back. */
  readonly isFirst: boolean
}

/** The types of changes that are listed. */
export const LISTED_TYPES = ['SWITCHED', 'REMOVED'] as const
export type ListedType = (typeof LISTED_TYPES)[number]

/** One switch, one removal, or a large clear. */
export interface ListedChange extends Omit<AffinityIdentity, 'extra'>, PinTarget {
  /** Grows with each change. */
  readonly number: number
  readonly type: ListedType
  readonly family: string
  /** When this instance saw it; for a large clear its first removal. */
  readonly at: Date
  /** The pin before a switch. */
  readonly previous: PinTarget | undefined
  /** The clear that removed it. */
  readonly auditEventId: string | null
  /** 1, or for a large clear the affinities that it removed: the other fields are then those of one of them. */
  readonly count: number
}

export interface ChangesRequest {
  readonly types?: ReadonlySet<string>
  /** Unix milliseconds. */
  readonly since?: number
  /** A switch has two pins, and is found by either. */
  readonly providerId?: string
  readonly providerKeyId?: string
  readonly affinityKeys?: ReadonlySet<string>
  /** Only changes before the one with this number. */
  readonly before?: number
  readonly first: number
}

export interface ChangesPage {
  readonly changes: readonly ListedChange[]
  readonly totalCount: number
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  /** Every change since then is listed. */
  readonly knownSince: Date
}

/** The latest switches, removals and clears, as far as this instance has seen them. */
export interface AffinityChanges {
  /** Differs from that of any other instance, and of the same one before its restart. */
  readonly runId: string
  /** Newest first. */
  page(request: ChangesRequest): ChangesPage
}
