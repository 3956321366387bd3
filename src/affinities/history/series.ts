import type { AffinityChangeType } from '../affinity-events.js'

/** Minutes that are kept: 24 hours. */
export const MINUTES = 1_440

/** The place of each type of change among the counts of a minute. */
export const KINDS = {
  CREATED: 0,
  REFRESHED: 1,
  SWITCHED: 2,
  REMOVED: 3,
  EXPIRED: 4,
} as const satisfies Record<AffinityChangeType, number>

/** The place of what clears removed, which counts as removed as well. */
export const CLEARED = 5

/** Counts of a minute. */
export const SLOTS = CLEARED + 1

/** Rings of one provider, or of all: 40 KB. */
export interface Series {
  readonly counts: Uint32Array
  /** The live affinities at each minute's end. */
  readonly totals: Int32Array
  /** The first minute that it knows. */
  readonly from: number
}

export const createSeries = (from = 0): Series => ({
  from,
  counts: new Uint32Array(MINUTES * SLOTS),
  totals: new Int32Array(MINUTES),
})
