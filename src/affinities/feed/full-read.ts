import type { ChangeQueue } from '../../redis/change-queue.js'
import { prefetch, TimeSlice } from '../../util/time-slice.js'
import type { AffinityBatch, BrokenAffinity } from '../affinity-record.js'
import type { AffinityStore } from '../affinity-store.js'
import type { AffinityIndex, Marks } from '../index/affinity-index.js'
import type { BrokenRecords } from './broken-records.js'
import { requireRoom } from './index-room.js'
import type { IndexUpdater } from './index-updater.js'

export interface FullReadDeps {
  readonly store: AffinityStore
  readonly index: AffinityIndex
  readonly records: IndexUpdater
  readonly changes: ChangeQueue<AffinityBatch>
  readonly broken: BrokenRecords
  /** See IndexFollowerDeps.maxRecords. */
  readonly maxRecords: number
}

/**
 * Reads all affinities and makes the index equal to them (mark and sweep). The feed must report changes before this begins.
 * They gather in the queue meanwhile, and their keys are read again afterwards: so it does not matter whether this read saw
 * a key before or after its change.
 * @param removedWhen when records that are missing now were removed: just now, which is reported to listeners, or unknown
 * @param isCancelled once it returns true, the read stops
 */
export async function readEverything(
  { store, index, records, changes, broken, maxRecords }: FullReadDeps,
  removedWhen: 'just now' | 'unknown',
  isCancelled: () => boolean,
): Promise<void> {
  changes.pause()
  await changes.idle()
  // A newer read may have begun meanwhile, and a second load would take the place of its own.
  if (isCancelled()) return
  // An empty index is bulk-loaded, and needs no sweep.
  const [marks, load] = index.size > 0 ? [index.marks()] : [undefined, index.load()]
  let isEmpty = true
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
  broken.replaceAll(brokenNow)
  if (marks) await sweep(marks)

  async function readAll(): Promise<void> {
    for await (const batch of prefetch(store.readAll({ mayRepeat: true }))) {
      for (const [n, record] of batch.records.entries()) {
        if (isCancelled()) return
        // After a flush of a complete index the queue's own read of a waiting key reports its change to listeners.
        if (removedWhen === 'unknown' || !changes.has(record.key))
          records.upsertSilently(record, batch.stamps?.[n])
        marks?.add(record.key)
        isEmpty = false
        if (slice.isOver()) await slice.next()
      }
      for (const entry of batch.broken) brokenNow.push(entry)
      requireRoom(index.heldRecords, maxRecords)
    }
  }

  async function sweep({ unmarked }: Marks): Promise<void> {
    if (isEmpty && removedWhen === 'just now') {
      await records.removeAll()
      broken.replaceAll(brokenNow)
      return
    }
    for (const key of unmarked()) {
      if (isCancelled()) return
      if (!changes.has(key)) {
        if (removedWhen === 'just now') records.remove(key)
        else records.removeSilently(key)
      }
      if (slice.isOver()) await slice.next()
    }
  }
}
