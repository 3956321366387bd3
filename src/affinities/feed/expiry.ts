import { type AffinityPosition, positionOf } from '../affinity-reader.js'
import type { AffinityIndex } from '../index/affinity-index.js'

/** Records looked at in one step, and in one call. */
const STEP = 200
const MOST = 2_000
/** A record whose time has come and whose key is there still is asked for again after this many milliseconds at least. */
const AGAIN_MS = 1_000

export interface ExpiryDeps {
  readonly index: AffinityIndex
  /** Unix milliseconds. */
  readonly now: () => number
}

/**
 * Walks through the records whose time has come, in order of their times. Each is named once, and once more in a later
 * round where it is still there: Redis is the judge, and a key may outlive what its record says. The more there are of
 * those, as when a clock is wrong, the longer the rounds.
 */
export function createExpiryWalk({ index, now }: ExpiryDeps) {
  let position: AffinityPosition | undefined
  let named = 0
  let isAtEnd = false
  let nextRoundAt = 0

  return {
    /** Up to 2,000 keys that have expired by their records; a next call names those that follow. */
    due(): string[] {
      if (isAtEnd && performance.now() >= nextRoundAt) position = undefined
      if (position === undefined) {
        nextRoundAt = performance.now() + AGAIN_MS * Math.max(1, named / MOST)
        named = 0
      }
      const keys: string[] = []
      isAtEnd = false
      while (!isAtEnd && keys.length < MOST) {
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
