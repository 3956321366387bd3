import type { UnavailableError } from '../errors.js'
import type { AffinityEventListener } from './affinity-events.js'
import type { AffinityReader } from './affinity-reader.js'

/** What has been seen to happen to records since `since`. */
export interface ObservedFigures {
  readonly since: Date
  readonly created: number
  /** Used again with the same pin. */
  readonly refreshed: number
  readonly providerSwitches: number
  /** To another key of the same provider. */
  readonly keySwitches: number
  /** Deleted before they expired. */
  readonly removed: number
  readonly expired: number
}

/** Where requests get their reader: the live index, or a scan that all share who ask before it begins. */
export interface AffinitySource {
  /** A reader for one request: all its answers are of one moment, or of the live index. */
  reader(): AffinityReader
  /** Broken keys that the last full read found. */
  readonly brokenCount: number
  /** Records held in memory; undefined where every request reads them anew. */
  readonly indexSize: number | undefined
  observed(): ObservedFigures
  /**
   * Calls back with each change as it is seen; returns the way to stop.
   * @param onLost called once, and nothing after it, when changes are not seen any more
   * @throws UnavailableError where none are seen: while the cache is not followed, or where it is only scanned
   */
  events(listener: AffinityEventListener, onLost?: (reason: UnavailableError) => void): () => void
  /**
   * `starting`: everything is being read, and readers wait. `live`: the index follows the cache. `scanning`: every request
   * reads everything. `lost`: the cache is not followed just now, and readers get CACHE_UNAVAILABLE.
   */
  readonly state: 'starting' | 'live' | 'scanning' | 'lost'
  /** Resolves once readers are answered at once; throws as they would: UnavailableError. */
  ready(): Promise<void>
  readonly figures: FeedFigures
  close(): void
}

/** How well the index follows; all 0 where there is none. */
export interface FeedFigures {
  /** Keys that are known to have changed and are not yet read again. */
  readonly pendingChanges: number
  /** Reads of everything: at the start, after an outage, after a flush. */
  readonly fullReads: number
  /** Comparisons of everything with the index. */
  readonly reconciles: number
  /** Records that a comparison found to differ though no change had been told. */
  readonly drift: number
}
