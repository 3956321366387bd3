import type { KnownRemoval } from '../affinity-changes.js'
import type { AffinityRecord } from '../affinity-record.js'

/** Milliseconds for which a clear is followed. */
export const FOLLOWED_MS = 3_600_000

/** A follow-up says where the users of what one clear removed went since, as far as this instance has seen it. */
export interface FollowUp {
  readonly since: Date
  readonly watchedUntil: Date
  readonly cleared: number
  /** Pinned to another provider at last. */
  readonly repinnedElsewhere: number
  /** Pinned to the same provider again. */
  readonly repinnedSame: number
  /** The part of `repinnedSame` that is at the same provider key. */
  readonly repinnedSameKey: number
  readonly notSeenSince: number
  /** Everyone seen since, by the provider of the latest pin: the largest first, then by id. */
  readonly byProvider: readonly { readonly providerId: string; readonly count: number }[]
  /** Returns ids of API keys with an affinity that was not seen since, at most `first`, as the clear met them. */
  notSeenApiKeyIds(first: number): readonly string[]
}

export interface FollowUpListener {
  changed(): void
  /** The follow-up is no longer kept. */
  forgotten(): void
}

/** A clear while it runs, and until its guard window is over: it says what it removes. */
export interface TrackedClear {
  /** These records are about to be removed. */
  willRemove(records: readonly AffinityRecord[]): void
  /** These keys were not removed. */
  spare(keys: readonly string[]): void
  /** The removal of these keys failed: those of which it is not known that they are gone were not removed. */
  doubt(keys: readonly string[]): void
  /** Nothing more is removed. */
  end(): void
  /** Write-backs are not removed any more: those that are there count. */
  settle(): void
}

export interface FollowUps {
  /** Begins to follow a clear. */
  open(auditEventId: string, options: { readonly isMirror: boolean }): TrackedClear
  /** Returns the follow-up of a clear that has ended; undefined if none is kept. */
  find(auditEventId: string): FollowUp | undefined
  /** Calls the listener until it is stopped by the function that this returns; undefined if no follow-up is kept. */
  watch(auditEventId: string, listener: FollowUpListener): (() => void) | undefined
}

/** The part of follow-ups that the feed tells what it sees. */
export interface FollowUpFeed {
  /** Takes a record that was just read. */
  seen(record: AffinityRecord): void
  /**
   * Takes a removal, of whichever cause.
   * @param isCleared whether a clear of this service removed the record just now
   * @returns undefined unless a clear that is followed removed the record
   */
  removed(record: AffinityRecord, isCleared: boolean): KnownRemoval | undefined
}
