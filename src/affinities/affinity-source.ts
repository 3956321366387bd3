import type { UnavailableError } from '../errors.js'
import type { AffinityChanges } from './affinity-changes.js'
import type { AffinityEventListener } from './affinity-events.js'
import type { AffinityReader } from './affinity-reader.js'
import type { AffinityRecord, Dimension } from './affinity-record.js'
import type { AffinitySelection } from './affinity-selection.js'

/** Counts of the changes that this service has seen since `since`. */
export interface ObservedFigures {
  readonly since: Date
  readonly created: number
  /** Records that were used again with the same pin. */
  readonly refreshed: number
  readonly providerSwitches: number
  /** Switches to another provider key of the same provider. */
  readonly keySwitches: number
  /** Records that were deleted before they expired. */
  readonly removed: number
  readonly expired: number
}

/** What a history is asked for, in Unix milliseconds. */
export interface HistoryRequest {
  readonly since: number
  readonly until: number
  /** Whole minutes. Buckets are aligned to the epoch. */
  readonly bucketMs: number
  readonly providerId?: string
}

export interface HistoryBucket {
  readonly start: Date
  readonly seconds: number
  /** Whether every moment of the bucket was seen. */
  readonly complete: boolean
  /** The live affinities at the bucket's end; null unless that was seen. */
  readonly total: number | null
  /** Null if nothing of the bucket was seen. */
  readonly figures: {
    readonly created: number
    readonly refreshed: number
    readonly switched: number
    readonly removed: number
    readonly expired: number
    readonly cleared: number
  } | null
}

/** The counts of changes of the last 24 hours, as far as this instance has seen them. */
export interface AffinityHistory {
  buckets(request: HistoryRequest): { readonly knownSince: Date; readonly buckets: readonly HistoryBucket[] }
}

/** Sizes that are known without a read: those of the index, or of the last scan; 0 before the first. */
export interface AffinitySizes {
  readonly records: number
  /** Returns the number of distinct values in a dimension; after a scan only an upper bound. */
  values(dimension: Dimension): number
}

/** A record for which one of two selections holds alone. */
export interface Crossing {
  readonly record: AffinityRecord
  /** Whether it is the second one. */
  readonly holds: boolean
}

/** What is asked about two selections. */
export interface CrossingsRequest {
  readonly before: AffinitySelection
  readonly after: AffinitySelection
  /** Whether the crossing of the record with this key is known already, and is left out. */
  readonly isKnown: (key: string, holds: boolean) => boolean
}

/** Gives each request its reader: of the live index, or of a scan that concurrent requests share. */
export interface AffinitySource {
  /** Creates a reader for one request. A scanning reader gives all its answers from one scan. */
  reader(): AffinityReader
  /** The number of keys whose value cannot be read as an affinity. */
  readonly brokenCount: number
  /** The number of records in memory; undefined while every request scans. */
  readonly indexSize: number | undefined
  readonly sizes: AffinitySizes
  observed(): ObservedFigures
  readonly history: AffinityHistory
  readonly changes: AffinityChanges
  /** The cache's own time, by which records expire, in Unix milliseconds; ours while it is unknown. */
  cacheNow(): number
  /**
   * Calls the listener for each change.
   * @param onLost called once when changes are no longer seen; nothing is called after it
   * @returns a function that removes the listener
   * @throws UnavailableError while the index does not follow the cache
   */
  events(listener: AffinityEventListener, onLost?: (reason: UnavailableError) => void): () => void
  /**
   * Compares two selections on the live index alone. `use` gets the crossings of one moment: it must take them at once, and
   * may stop at any of them.
   * @throws UnavailableError, as a rejection, while the index does not follow the cache
   */
  crossings(request: CrossingsRequest, use: (crossings: Iterable<Crossing>) => void): Promise<void>
  /**
   * `starting`: the first full read runs, and readers wait. `live`: the index follows the cache. `scanning`: every request
   * scans all affinities. `lost`: the index cannot follow the cache at the moment, and readers get CACHE_UNAVAILABLE.
   */
  readonly state: 'starting' | 'live' | 'scanning' | 'lost'
  /**
   * Why every request scans: there is to be no index; the cache does not tell changes; the index met a fault of ours; it does not
   * fit into memory; or it is being read again after one of these. Undefined where no request scans.
   */
  readonly scanReason: 'index-off' | 'tracking-refused' | 'fault' | 'index-too-large' | 'reading' | undefined
  /** Resolves once readers no longer have to wait. Throws the UnavailableError that readers would get. */
  ready(): Promise<void>
  readonly figures: FeedFigures
  close(): void
}

/** Figures of the feed, which say how well the index follows the cache. All are 0 if there is no index. */
export interface FeedFigures {
  /** Changed keys that have not been read again yet. */
  readonly pendingChanges: number
  /** Full reads of the cache: at the start, after an outage, after a flush. */
  readonly fullReads: number
  /** Comparisons of all records of the index with the cache. */
  readonly reconciles: number
  /** About the bytes that comparisons have sent and received. */
  readonly reconcileBytes: number
  /** Records that a comparison found to differ although the cache had reported no change. */
  readonly drift: number
}
