import { setTimeout as sleep } from 'node:timers/promises'
import { UnavailableError } from '../errors.js'
import type { AffinityReader } from './affinity-reader.js'
import type { KeyFamilies } from './key-families.js'

/** How many keys have a prefix that an affinity could have. */
export interface KeyFamilyCount {
  readonly prefix: string
  /** Whether this service reads these keys. It never clears keys that it does not. */
  readonly understood: boolean
  readonly records: number
}

/** Keys of all forms that affinities have had, behind any prefix and of any version. */
const LOOKS_LIKE_AN_AFFINITY = /^(?:.*?:)?(?:cache|scheduler)_affinity:(?:v\d+(?::|$))?/s
/** The SCAN pattern that finds them. It also finds other keys. */
export const AFFINITY_LIKE_PATTERN = '*_affinity:*'

/** Time between two walks, in milliseconds. */
const WALK_EVERY_MS = 10 * 60_000
/** Time until the next walk after one in which the cache was away, in milliseconds. */
const AWAY_MS = 10_000
/** Prefixes that are told apart; the keys of further ones are not counted. */
const MOST_PREFIXES = 50
const LONGEST_PREFIX = 200
/** Time that the first caller waits for the first walk, in milliseconds. */
const FIRST_WAIT_MS = 2_000

/** Keys that look like affinities, but that nobody here reads: of another prefix, or of an unknown version. */
export interface ForeignFamilies {
  /**
   * Returns what the last walk found, and starts another in the background if that was 10 minutes ago or more, or 10 seconds
   * if the cache was away. Only the first call waits for its walk, for at most 2 seconds.
   */
  counts(): Promise<readonly KeyFamilyCount[]>
}

export interface ForeignFamiliesDeps {
  readonly families: KeyFamilies
  /** Lists the keys that match `AFFINITY_LIKE_PATTERN`, for a bounded time. */
  readonly keys: () => AsyncIterable<readonly string[]>
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number
}

export function createForeignFamilies({
  families,
  keys,
  now = () => performance.now(),
}: ForeignFamiliesDeps): ForeignFamilies {
  let found: readonly KeyFamilyCount[] = []
  let nextAt = Number.NEGATIVE_INFINITY
  let first: Promise<unknown> | undefined

  async function walk(): Promise<void> {
    const counts = new Map<string, number>()
    for await (const batch of keys()) {
      for (const key of batch) {
        const prefix = foreignPrefix(key, families)
        if (prefix === undefined || (!counts.has(prefix) && counts.size === MOST_PREFIXES)) continue
        counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
      }
    }
    found = [...counts].map(([prefix, records]) => ({ prefix, understood: false, records }))
  }

  return {
    async counts() {
      if (now() >= nextAt) {
        nextAt = now() + WALK_EVERY_MS
        // What an earlier walk found stays while the cache does not answer.
        const walked = walk().catch((error: unknown) => {
          if (error instanceof UnavailableError) nextAt = now() + AWAY_MS
        })
        first ??= Promise.race([walked, sleep(FIRST_WAIT_MS, undefined, { ref: false })])
      }
      await first
      return found
    },
  }
}

/** Returns the prefix of a key that looks like an affinity and is none of ours; otherwise undefined. */
export function foreignPrefix(key: string, families: KeyFamilies): string | undefined {
  if (families.of(key)) return undefined
  return LOOKS_LIKE_AN_AFFINITY.exec(key)?.[0].slice(0, LONGEST_PREFIX)
}

/** Counts the records of each family that is read, and then the keys that nobody here reads. */
export async function countFamilies(
  families: KeyFamilies,
  affinities: Pick<AffinityReader, 'count'>,
  foreign: ForeignFamilies,
): Promise<readonly KeyFamilyCount[]> {
  const read = await Promise.all(
    families.all.map(async ({ name, prefix }) => ({
      prefix,
      understood: true,
      records: await affinities.count({ all: { family: new Set([name]) } }),
    })),
  )
  return [...read.filter(({ records }) => records > 0), ...(await foreign.counts())]
}
