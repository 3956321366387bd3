import type { ModelCacheFamily, ModelCacheKey } from './model-cache-key.js'

/** One stored key of the model mappings. */
export interface ModelCacheEntry {
  /** The key as the cache has it, with its prefix. */
  readonly name: string
  readonly key: ModelCacheKey
  /** Null if the Redis type of the value is not string. */
  readonly value: string | null
  /** Milliseconds that the cache will still keep the key, 0 or more; Infinity if it does not expire. */
  readonly ttlMs: number
}

/** A provider and one of the global models that it serves. */
export interface ProviderAndModel {
  readonly providerId: string
  readonly globalModelId: string
}

/**
 * Reads and removes model mappings. It has two backends, Redis and memory, which pass the same contract tests. Keys that are
 * not the gateway's (`model:someone-elses`) are ignored.
 * Every method throws UnavailableError (CACHE_UNAVAILABLE) when the cache does not answer: a failure never looks like an
 * empty cache.
 */
export interface ModelMappingStore {
  /** About the number of keys that the last walk through the cache looked at; 0 before the first. */
  readonly scannedKeys: number
  /** What stands before every key: nothing, or a name and a colon. */
  readonly keyPrefix: string
  /** Walks through the cache, and reads every key of these families once, in no order, with its value and TTL. */
  readEntries(families: readonly ModelCacheFamily[]): AsyncIterable<readonly ModelCacheEntry[]>
  /** Reads these keys without a walk. A key that is gone is left out. */
  read(names: readonly string[]): Promise<readonly ModelCacheEntry[]>
  /** Reads how often the gateway has used each of these mappings, 0..2^31-1; 0 if nothing counts it. */
  readHits(mappings: readonly ProviderAndModel[]): Promise<readonly number[]>
  /** Walks through the cache, and lists every key of the six families once, also counters of uses, whatever the values. */
  allKeys(): AsyncIterable<readonly string[]>
  /** Returns those of the given keys that exist, whatever their values. */
  existing(keys: readonly string[]): Promise<readonly string[]>
  /**
   * Removes these keys.
   * @returns those that existed
   * @throws UnavailableError with the number of confirmed removals; OUTCOME_UNKNOWN if a reply never came
   */
  remove(keys: readonly string[]): Promise<readonly string[]>
}
