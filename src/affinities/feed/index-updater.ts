import { TimeSlice } from '../../util/time-slice.js'
import type { KnownRemoval } from '../affinity-changes.js'
import type { AffinityChangeType, AffinityEvents } from '../affinity-events.js'
import type { AffinityBatch, AffinityRecord, BrokenAffinity } from '../affinity-record.js'
import type { ChangeList } from '../history/change-list.js'
import type { MinuteHistory } from '../history/minute-history.js'
import type { AffinityChange, AffinityIndex } from '../index/affinity-index.js'
import type { BrokenRecords } from './broken-records.js'
import type { Observed } from './observed.js'

/**
 * Seconds before its `expiresAt` at which a removed record still counts as expired: what is known of the cache's clock may
 * be late.
 */
const EXPIRY_TOLERANCE_SECONDS = 1

export interface IndexUpdaterDeps {
  readonly index: AffinityIndex
  readonly broken: BrokenRecords
  readonly events: AffinityEvents
  readonly observed: Observed
  readonly history: MinuteHistory
  readonly changes: ChangeList
  /** Returns true for a record that a clear of this service is removing, or has just removed. */
  readonly isCleared: (record: AffinityRecord) => boolean
  /** Called with each removal: says of which clear it is known to be. */
  readonly onRemoved: (record: AffinityRecord, isCleared: boolean) => KnownRemoval | undefined
  /** Called with each record that is read, whether or not it has changed. */
  readonly onSeen: (record: AffinityRecord) => void
  /** Unix milliseconds. */
  readonly now: () => number
  /** The cache's own time, as far as it is known, in Unix milliseconds. */
  readonly cacheNow: () => number
}

/** Applies what was read from the cache to the index, and reports each change to counters and listeners. */
export class IndexUpdater {
  readonly #deps: IndexUpdaterDeps

  constructor(deps: IndexUpdaterDeps) {
    this.#deps = deps
  }

  /**
   * Applies the current values of these keys. A key in neither list of the batch is gone.
   * @param isOutdated asked when a key's turn comes: whether what was read of it is no longer valid
   */
  async apply(
    keys: readonly string[],
    { records, broken, stamps }: AffinityBatch,
    isOutdated: (key: string) => boolean,
  ): Promise<void> {
    const slice = new TimeSlice()
    const gone = new Set(keys)
    for (const [n, record] of records.entries()) {
      gone.delete(record.key)
      if (!isOutdated(record.key)) this.#upsert(record, stamps?.[n])
      if (slice.isOver()) await slice.next()
    }
    for (const entry of broken) {
      gone.delete(entry.key)
      if (!isOutdated(entry.key)) this.#addBroken(entry)
    }
    for (const key of gone) {
      if (!isOutdated(key)) this.remove(key)
      if (slice.isOver()) await slice.next()
    }
  }

  /** Adds or replaces a record without an event, since it is not known what happened to it. */
  upsertSilently(record: AffinityRecord, stamp?: number): void {
    this.#deps.index.upsert(record, stamp)
    this.#deps.onSeen(record)
  }

  /** Removes a record without an event, since it is not known how it went. */
  removeSilently(key: string): void {
    this.#deps.index.remove(key)
  }

  /** Removes the record of a key that no longer exists. @param isCleared whether a clear of this service removed it */
  remove(key: string, isCleared = false): void {
    this.#deps.broken.remove(key)
    const record = this.#deps.index.remove(key)
    if (record) this.#reportRemoval(record, isCleared)
  }

  /** Removes all records, since no key exists any more. */
  async removeAll(): Promise<void> {
    const { index, broken } = this.#deps
    broken.replaceAll([])
    const slice = new TimeSlice()
    const records = index.records()
    // A started generator still yields the records from before `clear`.
    const first = records.next()
    index.clear()
    if (first.done) return
    this.#reportRemoval(first.value)
    for (const record of records) {
      this.#reportRemoval(record)
      if (slice.isOver()) await slice.next()
    }
  }

  #upsert(record: AffinityRecord, stamp: number | undefined): void {
    const { index, broken, onSeen } = this.#deps
    broken.remove(record.key)
    this.#reportChange(index.upsert(record, stamp))
    onSeen(record)
  }

  #addBroken(entry: BrokenAffinity): void {
    this.remove(entry.key)
    this.#deps.broken.add(entry)
  }

  #reportChange({ kind, record, previous }: AffinityChange): void {
    if (kind === 'unchanged') return
    if (previous === undefined) {
      this.#report('CREATED', record)
    } else if (kind === 'switched') {
      this.#report('SWITCHED', record, previous)
      this.#deps.changes.switched(record, previous)
    } else if (record.createdAt <= previous.createdAt) {
      this.#report('REFRESHED', record, previous)
    } else {
      // A refresh keeps `created_at`: this record was removed and created again between two reads.
      this.#reportRemoval(previous)
      this.#report('CREATED', record)
    }
  }

  #reportRemoval(record: AffinityRecord, isCleared = false): void {
    const isDue = record.expiresAt <= this.#deps.cacheNow() / 1_000 + EXPIRY_TOLERANCE_SECONDS
    const type = isDue ? 'EXPIRED' : 'REMOVED'
    const isOurs = isCleared || this.#deps.isCleared(record)
    const known = this.#deps.onRemoved(record, isOurs)
    this.#report(type, record, undefined, isOurs || known !== undefined)
    if (type === 'REMOVED') this.#deps.changes.removed(record, known)
  }

  #report(
    type: AffinityChangeType,
    record: AffinityRecord,
    previous?: AffinityRecord,
    isCleared = false,
  ): void {
    this.#deps.history.count(type, record, previous, isCleared)
    this.#deps.observed.count(type, record, previous)
    this.#deps.events.emit(type, this.#deps.now(), record, previous)
  }
}
