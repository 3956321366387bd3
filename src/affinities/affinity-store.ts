import type { AffinityBatch, AffinityRecord } from './affinity-record.js'
import type { KeyFamilies } from './key-families.js'

export type StorageType = 'REDIS' | 'MEMORY'

export interface ReadAllOptions {
  /** Allows the same record more than once, as SCAN gives it: remembering every key takes a tenth of a full read's time. */
  readonly mayRepeat?: boolean
}

/**
 * Stores affinities. It has two backends, Redis and memory, which pass the same contract tests.
 * Every method throws UnavailableError (CACHE_UNAVAILABLE) when the cache does not answer: a failure never looks like an
 * empty cache.
 */
export interface AffinityStore {
  readonly storageType: StorageType
  /** The key families whose keys this store reads and removes. */
  readonly families: KeyFamilies
  /** Reads every live affinity once, in no order. A value that cannot be read does not stop the read. */
  readAll(options?: ReadAllOptions): AsyncIterable<AffinityBatch>
  /** Reads the current values of at most 2,000 keys. A key in neither list of the batch is gone. */
  read(keys: readonly string[]): Promise<AffinityBatch>
  /** Lists every key of the key families once, whatever its value. */
  allKeys(): AsyncIterable<readonly string[]>
  /**
   * Removes these keys, whatever their values.
   * @returns how many existed
   * @throws UnavailableError with the number of confirmed removals; OUTCOME_UNKNOWN if a reply never came
   */
  remove(keys: readonly string[]): Promise<number>
  /**
   * Removes each affinity only if it still has the given pin. Comparing and removing are one atomic step.
   * Throws what `remove` throws.
   * @param options.unused only if it was not used meanwhile, too
   */
  removePins(records: readonly AffinityRecord[], options?: RemovePinsOptions): Promise<PinRemoval>
}

export interface RemovePinsOptions {
  readonly unused?: boolean
}

export interface PinRemoval {
  /** The number of affinities that had the given pin and were removed. */
  readonly removed: number
  /** Keys that were not removed: they have another pin now, or their values cannot be compared. */
  readonly changed: readonly string[]
}
