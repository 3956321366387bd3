import type { AffinityRecord, BrokenReason } from './affinity-record.js'

export type StorageType = 'REDIS' | 'MEMORY'

/** A key of the affinity family whose value cannot be read as an affinity. */
export interface BrokenAffinity {
  readonly key: string
  readonly reason: BrokenReason
}

/** A part of a full read. Batches of one read never share a key. */
export interface AffinityBatch {
  readonly records: readonly AffinityRecord[]
  readonly broken: readonly BrokenAffinity[]
}

/**
 * Where affinities live. Two backends, Redis and memory, pass one contract suite.
 * Every method throws UnavailableError (CACHE_UNAVAILABLE) when the cache does not answer: a failure never reads as empty.
 */
export interface AffinityStore {
  readonly storageType: StorageType
  /** Every live affinity once, in no order; one broken value never hides the rest. */
  readAll(): AsyncIterable<AffinityBatch>
}
