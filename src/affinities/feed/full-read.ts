import { prefetch, TimeSlice } from '../../util/time-slice.js'
import type { BrokenAffinity } from '../affinity-record.js'
import type { AffinityStore } from '../affinity-store.js'
import type { AffinityIndex } from '../index/affinity-index.js'
import type { BrokenRecords } from './broken-records.js'
import type { ChangeQueue } from './change-queue.js'
import type { IndexUpdater } from './index-updater.js'

export interface FullReadDeps {
  readonly store: AffinityStore
  readonly index: AffinityIndex
  readonly records: IndexUpdater
  readonly changes: ChangeQueue
  readonly broken: BrokenRecords
}

/**
 * Reads everything and makes the index equal to it: marks what is read, sweeps what is not. Changes have to be told
 * before it begins, and gather while it lasts: their keys are read again afterwards, so that it does not matter whether
 * this read saw them before or after.
 * @param gone what a record that is not there any more means: known to have gone just now, or no one knows when
 * @param isCancelled once true, it stops in the middle
 */
export async function readEverything(
  { store, index, records, changes, broken }: FullReadDeps,
  gone: 'just now' | 'unknown',
  isCancelled: () => boolean,
): Promise<void> {
  changes.pause()
  await changes.idle()
  // What is empty is filled in one go; there is nothing to sweep then.
  const [marked, load] = index.size > 0 ? [new Set<string>()] : [undefined, index.load()]
  const brokenNow: BrokenAffinity[] = []
  const slice = new TimeSlice()
  try {
    await readAll()
    if (isCancelled()) return
    await load?.finish(slice)
    if (isCancelled()) return
    load?.install()
  } finally {
    load?.drop()
  }
  broken.report(brokenNow)
  if (marked) await sweep(marked)

  async function readAll(): Promise<void> {
    for await (const batch of prefetch(store.readAll({ mayRepeat: true }))) {
      for (const record of batch.records) {
        if (isCancelled()) return
        // Where all was known before, the look that this key waits for tells what has happened to it.
        if (gone === 'unknown' || !changes.has(record.key)) records.learn(record)
        marked?.add(record.key)
        if (slice.isOver()) await slice.next()
      }
      for (const entry of batch.broken) brokenNow.push(entry)
    }
  }

  async function sweep(present: ReadonlySet<string>): Promise<void> {
    if (present.size === 0 && gone === 'just now') {
      await records.allGone()
      broken.report(brokenNow)
      return
    }
    for (const key of index.keys()) {
      if (isCancelled()) return
      if (!present.has(key) && !changes.has(key)) {
        if (gone === 'just now') records.gone(key)
        else records.forget(key)
      }
      if (slice.isOver()) await slice.next()
    }
  }
}
