import type { Period, UsageFilter, UsageGrouping } from './usage-rows.js'

/** Which of its two requests a switch is grouped and filtered by. */
export const SWITCH_SIDES = ['FIRST', 'SECOND'] as const
export type SwitchSide = (typeof SWITCH_SIDES)[number]

/** Why a request was answered by another provider key than the one before; the first that holds. */
export const SWITCH_CAUSES = ['KEY_FAILED', 'CLEARED', 'KEY_INACTIVE', 'UNKNOWN'] as const
export type SwitchCause = (typeof SWITCH_CAUSES)[number]

export const TTL_GROUPINGS = ['USER', 'API_KEY', 'PROVIDER_KEY'] as const
export type TtlGrouping = (typeof TTL_GROUPINGS)[number]

/** The TTLs in minutes that the gateway's own rule chooses from. */
export const TTL_OPTIONS = [5, 15, 30, 60] as const

/** A pin that a clear of this service has removed. */
export interface ClearedPin {
  readonly apiKeyId: string
  readonly providerKeyId: string
  /** The id of the model, and its name if that is known: usage rows have names. */
  readonly models: readonly string[]
  readonly at: Date
}

export interface SwitchQuery extends Period {
  readonly by: UsageGrouping
  readonly side: SwitchSide
  readonly filter: UsageFilter
  readonly cleared: readonly ClearedPin[]
  /** Hours that ended an hour ago change no more. */
  readonly now: Date
}

/** Sums over the switches of one cause, or of all. */
export interface SwitchCount {
  readonly switches: number
  readonly lostTokens: number
  /** In US dollars, of those whose cost is known; null if no switch's is. */
  readonly costUsd: number | null
  readonly unpricedSwitches: number
}

/** Sums over neighbours in chains, which can be added to each other. */
export interface SwitchSums {
  readonly pairs: number
  readonly unknownPairs: number
  readonly unorderedPairs: number
  /** Tokens of the second requests of pairs that one provider key answered: read from the cache, and all input. */
  readonly stayedRead: number
  readonly stayedInput: number
  /** The same of switches. */
  readonly switchedRead: number
  readonly switchedInput: number
  /** Neighbours of which no session is known. */
  readonly withoutSession: number
  readonly byCause: Readonly<Partial<Record<SwitchCause, SwitchCount>>>
}

export interface SwitchSumsOfGroup extends SwitchSums {
  /** An id, a name, or the start of an hour or day in RFC 3339; null for requests without one, and for TOTAL. */
  readonly key: string | null
}

export interface SwitchAnswer {
  /** Whether the gateway's rows can tell sessions. */
  readonly tellsSessions: boolean
  readonly groups: readonly SwitchSumsOfGroup[]
}

export interface TtlQuery extends Period {
  readonly by: TtlGrouping
  readonly filter: UsageFilter
  /** Hours that ended an hour ago change no more. */
  readonly now: Date
}

/** Neighbours whose distance lies in the band of one of the options, and that one provider key answered. */
export interface Band {
  readonly neighbours: number
  readonly readTokens: number
  readonly inputTokens: number
}

export interface TtlSums {
  readonly key: string
  readonly requests: number
  readonly intervals: number
  /** Intervals up to 5, 15, 30 and 60 minutes, and longer ones: each in one of them. */
  readonly within: readonly [number, number, number, number, number]
  readonly p50Minutes: number
  readonly p75Minutes: number
  readonly p90Minutes: number
  readonly maxMinutes: number
  /** The TTL of the provider key in minutes; null in other groupings, and if its row has been deleted. */
  readonly currentMinutes: number | null
  /** One for each of `TTL_OPTIONS`. */
  readonly bands: readonly Band[]
}

export interface TtlAnswer {
  /** Whether the gateway gives every pin the same TTL. */
  readonly ttlIsFixed: boolean
  /** The groups with so many intervals at least. */
  readonly groups: readonly TtlSums[]
}

export interface IntervalsQuery extends Period {
  readonly filter: UsageFilter
  /** At most so many points. */
  readonly first: number
}

export interface Interval {
  /** The later of its two requests. */
  readonly at: Date
  readonly minutes: number
  readonly model: string
  readonly userId: string | null
  readonly apiKeyId: string | null
}

export interface IntervalsAnswer {
  readonly total: number
  /** Every n-th, oldest first. */
  readonly points: readonly Interval[]
}

/** The least number of intervals that advice is given for. */
export const LEAST_INTERVALS = 10

/**
 * The gateway's usage rows as chains of requests, read only. Each method answers null where the tables lack what it needs,
 * and throws UnavailableError (DATABASE_UNAVAILABLE). A statement ends when the signal is aborted. What hours that are over say of
 * switches and for advice is kept.
 */
export interface UsageChains {
  switchSums(query: SwitchQuery, signal: AbortSignal): Promise<SwitchAnswer | null>
  ttlSums(query: TtlQuery, signal: AbortSignal): Promise<TtlAnswer | null>
  intervals(query: IntervalsQuery, signal: AbortSignal): Promise<IntervalsAnswer | null>
}
