import type { AffinityRecord } from '../affinity-record.js'

/** Milliseconds for which a removal is known. */
const KNOWN_MS = 3_600_000
/** Removals that are known at most: some 5 MB. */
const MOST = 20_000

/** A pin that a clear of this instance has removed. */
export interface RemovedPin extends Pick<AffinityRecord, 'affinityKey' | 'modelId' | 'providerKeyId'> {
  /** Unix milliseconds. */
  readonly at: number
}

/** The pins that clears have removed within an hour; of more than 20,000 the latest. */
export interface ClearedPins {
  add(record: AffinityRecord): void
  /** Oldest first. */
  latest(): readonly RemovedPin[]
}

/** @param now Unix milliseconds */
export function createClearedPins(now: () => number, most = MOST): ClearedPins {
  let pins: RemovedPin[] = []
  return {
    add({ affinityKey, modelId, providerKeyId }) {
      pins.push({ affinityKey, modelId, providerKeyId, at: now() })
      // Twice as many, so that a clear of everything does not copy them for each record.
      if (pins.length > 2 * most) pins = pins.slice(-most)
    },
    latest() {
      const since = now() - KNOWN_MS
      pins = pins.filter(({ at }) => at >= since).slice(-most)
      return pins
    },
  }
}
