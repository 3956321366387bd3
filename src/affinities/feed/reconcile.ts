import { setTimeout as sleep } from 'node:timers/promises'
import type { FeedListener } from '../../redis/key-feed.js'
import { prefetch, TimeSlice } from '../../util/time-slice.js'
import { type AffinityRecord, isSameRecord } from '../affinity-record.js'
import type { AffinityStore } from '../affinity-store.js'
import type { FullReadDeps } from './full-read.js'

/** Differing keys that are checked in one batch. */
const SUSPECTS = 1_000
/** Checks of one key. A key that changes during each of them is evidently reported by the feed. */
const CHECKS = 3
/** Pause after each batch, as a multiple of the batch's own time, which leaves the event loop to queries. */
const REST_RATIO = 1

export interface ReconcileDeps extends Pick<FullReadDeps, 'index' | 'changes'> {
  readonly store: Pick<AffinityStore, 'readAll' | 'read' | 'families'>
  /** See KeyFeed.barrier. */
  readonly barrier: () => Promise<void>
  /** Calls the listener with the keys of each reported change. @returns a function that removes the listener */
  readonly onChanged: (listener: FeedListener['changed']) => () => void
  /** Unix milliseconds. */
  readonly now: () => number
}

/**
 * Compares the whole cache with the index while changes go on, and corrects what differs.
 * @returns the drift: records that differed though the feed reported no change. It is 0 unless a change was not reported.
 */
export async function reconcile(deps: ReconcileDeps, isCancelled: () => boolean): Promise<number> {
  const { store, index } = deps
  const slice = new TimeSlice()
  const marked = new Set<string>()
  let suspects: string[] = []
  let drift = 0
  const suspect = async (key: string): Promise<void> => {
    suspects.push(key)
    if (suspects.length < SUSPECTS) return
    drift += await confirm(suspects, deps, isCancelled)
    suspects = []
  }

  let startedAt = performance.now()
  for await (const batch of prefetch(store.readAll())) {
    for (const record of batch.records) {
      marked.add(record.key)
      if (!isSame(index.get(record.key), record, store)) await suspect(record.key)
      if (slice.isOver()) await slice.next()
    }
    for (const { key } of batch.broken) if (index.has(key)) await suspect(key)
    await sleep((performance.now() - startedAt) * REST_RATIO)
    startedAt = performance.now()
    if (isCancelled()) return drift
  }
  for (const key of index.keys()) {
    if (!marked.has(key)) await suspect(key)
    if (slice.isOver()) await slice.next()
    if (isCancelled()) return drift
  }
  return drift + (await confirm(suspects, deps, isCancelled))
}

/** Reads keys again, and counts those that differ although every reported change of them has been applied. */
async function confirm(
  suspects: readonly string[],
  deps: ReconcileDeps,
  isCancelled: () => boolean,
): Promise<number> {
  const { store, index, changes, barrier, onChanged, now } = deps
  let keys = suspects
  let drift = 0
  for (let check = 1; check <= CHECKS && keys.length > 0; check += 1) {
    await barrier()
    await changes.settled()
    const touched = new Set<string>()
    const stop = onChanged((changed) => {
      for (const key of changed) touched.add(key)
    })
    try {
      const batch = await store.read(keys)
      // After this barrier every change that the read can have seen has been reported.
      await barrier()
      if (isCancelled()) return drift
      const found = new Map(batch.records.map((record) => [record.key, record]))
      // A key that still waits in the queue was reported, but its change is not applied yet.
      const isFollowed = (key: string) => touched.has(key) || changes.has(key)
      const followed = keys.filter(isFollowed)
      const differing = keys.filter(
        (key) => !isFollowed(key) && !isSame(index.get(key), found.get(key), store),
      )
      // Redis may report an expiry late or never, so an expired record that is missing is no drift.
      const drifted = differing.filter((key) => found.has(key) || !isDue(index.get(key), now()))
      changes.add(differing)
      drift += drifted.length
      keys = followed
    } finally {
      stop()
    }
  }
  return drift
}

const isSame = (
  a: AffinityRecord | undefined,
  b: AffinityRecord | undefined,
  { families }: ReconcileDeps['store'],
): boolean => a === b || (a !== undefined && b !== undefined && isSameRecord(a, b, families.dimensions))

const isDue = (record: AffinityRecord | undefined, nowMs: number): boolean =>
  record !== undefined && record.expiresAt <= nowMs / 1_000
