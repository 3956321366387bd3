import type { AffinityBatch, AffinityRecord } from './affinity-record.js'
import type { KeyFamilies } from './key-families.js'

export type StorageType = 'REDIS' | 'MEMORY'

export interface ReadAllOptions {
  /** A record may come more than once, as it does from SCAN: to hold every key against that is a tenth of a full read. */
  readonly mayRepeat?: boolean
}

/**
 * Keeps affinities. Two backends, Redis and memory, pass one contract suite.
 * Every method throws UnavailableError (CACHE_UNAVAILABLE) when the cache does not answer: a failure never reads as empty.
 */
export interface AffinityStore {
  readonly storageType: StorageType
  /** Whose keys it reads and removes. */
  readonly families: KeyFamilies
  /** Every live affinity once, in no order; one broken value never hides the rest. */
  readAll(options?: ReadAllOptions): AsyncIterable<AffinityBatch>
  /** These keys as they are now, at most 2,000; a key in neither list is gone. */
  read(keys: readonly string[]): Promise<AffinityBatch>
  /** Every key of the affinity family once, whatever it holds. */
  allKeys(): AsyncIterable<readonly string[]>
  /**
   * Removes these keys, whatever they hold.
   * @returns how many were really there
   * @throws UnavailableError with the number confirmed gone; OUTCOME_UNKNOWN where a reply never came
   */
  remove(keys: readonly string[]): Promise<number>
  /**
   * Removes affinities, each only while it is pinned as it was when it was read: compared and removed in one step.
   * Throws as `remove`.
   */
  removePins(records: readonly AffinityRecord[]): Promise<PinRemoval>
}

export interface PinRemoval {
  /** How many were there, pinned so, and are gone. */
  readonly removed: number
  /** Keys whose value is another by now, or cannot be compared; they stay. */
  readonly changed: readonly string[]
}
