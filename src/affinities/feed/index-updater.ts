import { TimeSlice } from '../../util/time-slice.js'
import type { AffinityEvents, AffinityEventType } from '../affinity-events.js'
import type { AffinityBatch, AffinityRecord, BrokenAffinity } from '../affinity-record.js'
import type { AffinityChange, AffinityIndex } from '../index/affinity-index.js'
import type { BrokenRecords } from './broken-records.js'
import type { Observed } from './observed.js'

/**
 * Seconds by which a record may go before its time and count as expired: its time is by a gateway's clock, its end by
 * Redis's, and both are compared with ours.
 */
const EXPIRY_TOLERANCE_SECONDS = 1

export interface IndexUpdaterDeps {
  readonly index: AffinityIndex
  readonly broken: BrokenRecords
  readonly events: AffinityEvents
  readonly observed: Observed
  /** Called with each record that is read, whether or not it is news. */
  readonly onSeen: (record: AffinityRecord) => void
  /** Unix milliseconds. */
  readonly now: () => number
}

/** What the keys hold, as they were last looked at; tells what each look finds changed. */
export class IndexUpdater {
  readonly #deps: IndexUpdaterDeps

  constructor(deps: IndexUpdaterDeps) {
    this.#deps = deps
  }

  /**
   * Takes in what these keys hold now. Keys in neither list of the batch are gone.
   * @param isOutdated says, at the moment a key's turn comes, that it has been dealt with meanwhile
   */
  async look(
    keys: readonly string[],
    { records, broken }: AffinityBatch,
    isOutdated: (key: string) => boolean,
  ): Promise<void> {
    const slice = new TimeSlice()
    const gone = new Set(keys)
    for (const record of records) {
      gone.delete(record.key)
      if (!isOutdated(record.key)) this.#found(record)
      if (slice.isOver()) await slice.next()
    }
    for (const entry of broken) {
      gone.delete(entry.key)
      if (!isOutdated(entry.key)) this.#foundBroken(entry)
    }
    for (const key of gone) {
      if (!isOutdated(key)) this.gone(key)
      if (slice.isOver()) await slice.next()
    }
  }

  /** Takes in a record without a word: how it came to be so is not known. */
  learn(record: AffinityRecord): void {
    this.#deps.index.upsert(record)
    this.#deps.onSeen(record)
  }

  /** Takes a record out without a word: how it went is not known. */
  forget(key: string): void {
    this.#deps.index.remove(key)
  }

  /** A key that is not there any more. */
  gone(key: string): void {
    this.#deps.broken.gone(key)
    const record = this.#deps.index.remove(key)
    if (record) this.#tellGone(record)
  }

  /** Every key is gone. */
  async allGone(): Promise<void> {
    const { index, broken } = this.#deps
    broken.report([])
    const slice = new TimeSlice()
    const records = index.records()
    // The generator goes on over what the index held before.
    const first = records.next()
    index.clear()
    if (first.done) return
    this.#tellGone(first.value)
    for (const record of records) {
      this.#tellGone(record)
      if (slice.isOver()) await slice.next()
    }
  }

  #found(record: AffinityRecord): void {
    const { index, broken, onSeen } = this.#deps
    broken.gone(record.key)
    this.#tellChange(index.upsert(record))
    onSeen(record)
  }

  #foundBroken(entry: BrokenAffinity): void {
    this.gone(entry.key)
    this.#deps.broken.found(entry)
  }

  #tellChange({ kind, record, previous }: AffinityChange): void {
    if (kind === 'unchanged') return
    if (previous === undefined) {
      this.#tell('CREATED', record)
    } else if (kind === 'switched') {
      this.#tell('SWITCHED', record, previous)
    } else if (record.createdAt <= previous.createdAt) {
      this.#tell('REFRESHED', record, previous)
    } else {
      // A gateway keeps `created_at` when it uses a pin again: this one went and was made anew between two looks.
      this.#tellGone(previous)
      this.#tell('CREATED', record)
    }
  }

  #tellGone(record: AffinityRecord): void {
    const isDue = record.expiresAt <= this.#deps.now() / 1_000 + EXPIRY_TOLERANCE_SECONDS
    this.#tell(isDue ? 'EXPIRED' : 'REMOVED', record)
  }

  #tell(type: AffinityEventType, record: AffinityRecord, previous?: AffinityRecord): void {
    this.#deps.observed.count(type, record, previous)
    this.#deps.events.emit(type, this.#deps.now(), record, previous)
  }
}
