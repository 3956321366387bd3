import { type AffinityPosition, positionOf } from '../affinity-reader.js'
import type { AffinityIndex } from '../index/affinity-index.js'

/** Records taken from the index in one step. */
const STEP = 200
/** Keys that one call returns at most. */
const MAX_KEYS = 2_000
/** Milliseconds, at least, until a record that has expired but still exists in Redis is named again. */
const ROUND_MS = 1_000

export interface ExpiryDeps {
  readonly index: AffinityIndex
  /** Unix milliseconds. */
  readonly now: () => number
}

/**
 * Finds the records whose `expiresAt` has passed, in that order, so that their keys are read again. Only Redis decides
 * whether a key has expired: a key that still exists is named once more in each later round. The more such keys there are,
 * for example because a clock is wrong, the longer the rounds.
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
      while (!isAtEnd && keys.length < MAX_KEYS) {
        const { records } = index.page({
          selection: {},
          order: { field: 'EXPIRES_AT', direction: 'ASC' },
          first: STEP,
          ...(position && { after: position }),
        })
        const expired = records.filter(({ expiresAt }) => expiresAt <= now() / 1_000)
        for (const { key } of expired) keys.push(key)
        const last = expired.at(-1)
        if (last) position = positionOf(last, 'EXPIRES_AT')
        isAtEnd = expired.length < STEP
      }
      named += keys.length
      return keys
    },
  }
}
