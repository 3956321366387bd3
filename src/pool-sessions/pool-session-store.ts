import type { PoolSession } from './pool-session.js'

/**
 * Stores the sessions of pools. It has two backends, Redis and memory. Every method throws UnavailableError
 * (CACHE_UNAVAILABLE) when the cache does not answer.
 */
export interface PoolSessionStore {
  /** About the number of keys that the last scan of the cache looked at; 0 before the first. */
  readonly scannedKeys: number
  /** Reads every live session once, in no order, in batches. A value that is no string is skipped. */
  readAll(): AsyncIterable<readonly PoolSession[]>
  /**
   * Removes each session only if it still leads to the given provider key. Comparing and removing are one atomic step.
   * @returns how many were removed
   * @throws UnavailableError with the number of confirmed removals; OUTCOME_UNKNOWN if a reply never came
   */
  remove(sessions: readonly PoolSession[]): Promise<number>
}
