import { TimeSlice } from '../../util/time-slice.js'
import { type AffinityPosition, positionOf } from '../affinity-reader.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { AffinityIndex } from '../index/affinity-index.js'
import type { IndexUpdater } from './index-updater.js'

/** Records taken from the index in one step. */
const STEP = 200
/** Keys that one call returns at most. */
const MAX_KEYS = 2_000
/** Milliseconds, at least, until a record that has expired but still exists in Redis is named again. */
const ROUND_MS = 1_000

/**
 * Removes the records that the cache has removed by its own clock: it no longer returns them, whether or not it has told so.
 * @param until the cache's time, Unix milliseconds
 */
export async function removeExpired(
  index: AffinityIndex,
  records: Pick<IndexUpdater, 'remove'>,
  changes: { has(key: string): boolean },
  until: number,
): Promise<void> {
  const slice = new TimeSlice()
  let position: AffinityPosition | undefined
  // Mostly the first record has not expired, and no other is looked at.
  for (let step = 1; ; step = STEP) {
    const expired = nextExpired(index, position, until, step)
    // A key that waits to be read may have been used again meanwhile.
    for (const { key } of expired) if (!changes.has(key)) records.remove(key)
    const last = expired.at(-1)
    if (!last || expired.length < step) return
    position = positionOf(last, 'EXPIRES_AT')
    if (slice.isOver()) await slice.next()
  }
}

function nextExpired(
  index: AffinityIndex,
  after: AffinityPosition | undefined,
  until: number,
  step: number,
): AffinityRecord[] {
  const { records } = index.page({
    selection: {},
    order: { field: 'EXPIRES_AT', direction: 'ASC' },
    first: step,
    ...(after && { after }),
  })
  return records.filter(({ expiresAt }) => Math.round(expiresAt * 1_000) <= until)
}

export interface ExpiryDeps {
  readonly index: AffinityIndex
  /** Unix milliseconds. */
  readonly now: () => number
}

/**
 * Finds the records whose `expiresAt` has passed by our own clock, in that order, so that their keys are read again: for a
 * cache whose clock is unknown. A key that still exists is named once more in each later round. The more such keys there are,
 * for example because our clock is wrong, the longer the rounds.
 */
export function createExpiryWalk({ index, now }: ExpiryDeps) {
  let position: AffinityPosition | undefined
  let named = 0
  let isAtEnd = false
  let nextRoundAt = 0

  return {
    /** Returns up to 2,000 keys whose records have expired. The next call continues after them. */
    due(): string[] {
      if (isAtEnd && performance.now() >= nextRoundAt) position = undefined
      if (position === undefined) {
        nextRoundAt = performance.now() + ROUND_MS * Math.max(1, named / MAX_KEYS)
        named = 0
      }
      const keys: string[] = []
      isAtEnd = false
      for (let step = 1; !isAtEnd && keys.length < MAX_KEYS; step = Math.min(STEP, MAX_KEYS - keys.length)) {
        const expired = nextExpired(index, position, now(), step)
        for (const { key } of expired) keys.push(key)
        const last = expired.at(-1)
        if (last) position = positionOf(last, 'EXPIRES_AT')
        isAtEnd = expired.length < step
      }
      named += keys.length
      return keys
    },
  }
}
