import { setTimeout as sleep } from 'node:timers/promises'
import { prefetch, TimeSlice } from '../../util/time-slice.js'
import { type AffinityRecord, isSameRecord } from '../affinity-record.js'
import type { AffinityStore } from '../affinity-store.js'
import type { FeedListener } from './affinity-feed.js'
import type { FullReadDeps } from './full-read.js'

/** Keys whose difference is looked into at a time. */
const SUSPECTS = 1_000
/** A key that changes during each of so many looks is plainly being followed. */
const LOOKS = 3
/** Of each batch's own time, how long queries have for themselves before the next. */
const REST_RATIO = 1

export interface ReconcileDeps extends Pick<FullReadDeps, 'index' | 'changes'> {
  readonly store: Pick<AffinityStore, 'readAll' | 'read' | 'families'>
  /** See AffinityFeed.barrier. */
  readonly barrier: () => Promise<void>
  /** Called with each key that is told to have changed; returns what stops it. */
  readonly onChanged: (listener: FeedListener['changed']) => () => void
  /** Unix milliseconds. */
  readonly now: () => number
}

/**
 * Compares everything with the index while changes go on, and puts right what differs.
 * @returns how many records differed although no change of theirs was under way: 0, unless a change was never told
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

/** Looks at keys again, and counts those that differ though all that was told of them has been taken in. */
async function confirm(
  suspects: readonly string[],
  deps: ReconcileDeps,
  isCancelled: () => boolean,
): Promise<number> {
  const { store, index, changes, barrier, onChanged, now } = deps
  let keys = suspects
  let drift = 0
  for (let look = 1; look <= LOOKS && keys.length > 0; look += 1) {
    await barrier()
    await changes.settled()
    const touched = new Set<string>()
    const stop = onChanged((changed) => {
      for (const key of changed) touched.add(key)
    })
    try {
      const batch = await store.read(keys)
      // Whatever that read can have seen has been told by now.
      await barrier()
      if (isCancelled()) return drift
      const found = new Map(batch.records.map((record) => [record.key, record]))
      // What was told before this look, while it waited for its turn, is not taken in as long as its key waits.
      const isFollowed = (key: string) => touched.has(key) || changes.has(key)
      const followed = keys.filter(isFollowed)
      const differing = keys.filter(
        (key) => !isFollowed(key) && !isSame(index.get(key), found.get(key), store),
      )
      // An expiry may be told late, or by nobody but the record's own time.
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
