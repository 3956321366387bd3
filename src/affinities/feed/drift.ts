import type { ChangeQueue } from '../../redis/change-queue.js'
import type { FeedListener } from '../../redis/key-feed.js'
import type { StampedKeys } from '../../redis/stamps.js'
import type { AffinityBatch } from '../affinity-record.js'
import { type AffinityRecord, isSameRecord } from '../affinity-record.js'
import type { AffinityStore } from '../affinity-store.js'
import type { AffinityIndex } from '../index/affinity-index.js'
import type { BrokenRecords } from './broken-records.js'

/** Checks of one key. A key that changes during each of them is evidently reported by the feed. */
const CHECKS = 3

export interface DriftDeps {
  readonly index: AffinityIndex
  readonly changes: Pick<ChangeQueue<AffinityBatch>, 'add' | 'has' | 'settled'>
  readonly broken: Pick<BrokenRecords, 'has'>
  readonly store: Pick<AffinityStore, 'read' | 'families'>
  /** See KeyFeed.barrier. */
  readonly barrier: () => Promise<void>
  /** Calls the listener with the keys of each reported change. @returns a function that removes the listener */
  readonly onChanged: (listener: FeedListener['changed']) => () => void
  /** The cache's own time, or a later one, Unix milliseconds. */
  readonly latest: () => number
  /** Called with about the bytes that were sent and received. */
  readonly onBytes: (bytes: number) => void
}

/**
 * Reads at most 1,000 keys again, and has those corrected that differ from the index although every reported change of them
 * has been applied.
 * @returns the drift: how many differed
 */
export async function correct(
  suspects: readonly string[],
  deps: DriftDeps,
  isCancelled: () => boolean,
): Promise<number> {
  const { store, index, changes, broken, barrier, onChanged, latest, onBytes } = deps
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
      onBytes(batch.bytes ?? 0)
      // After this barrier every change that the read can have seen has been reported.
      await barrier()
      if (isCancelled()) return drift
      const found = new Map(batch.records.map((record, n) => [record.key, { record, n }]))
      const unreadable = new Set(batch.broken.map(({ key }) => key))
      const followed: string[] = []
      const differing: string[] = []
      for (const key of keys) {
        const { record, n = 0 } = found.get(key) ?? {}
        const known = index.get(key)
        // A key that still waits in the queue was reported, but its change is not applied yet.
        if (touched.has(key) || changes.has(key)) followed.push(key)
        else if (!isSame(known, record, store) || broken.has(key) !== unreadable.has(key)) differing.push(key)
        // Another text may mean the same, and an expiry may differ by less than a second.
        else if (record) index.adjust(record, batch.stamps?.[n])
      }
      // Redis may report an expiry late or never, so an expired record that is missing is no drift. It may have expired by the
      // latest time that its clock can show: what is known of that clock is late by the time that a reply took.
      drift += differing.filter((key) => found.has(key) || !isDue(index.get(key), latest())).length
      changes.add(differing)
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
  { families }: DriftDeps['store'],
): boolean => a === b || (a !== undefined && b !== undefined && isSameRecord(a, b, families.dimensions))

const isDue = (record: AffinityRecord | undefined, nowMs: number): boolean =>
  record !== undefined && record.expiresAt <= nowMs / 1_000

/**
 * Returns the keys, of at most 1,000, whose stamps or expiries are not those of the index; if Redis refuses to compute stamps,
 * those whose values are not.
 */
export async function differing(
  keys: readonly string[],
  {
    store,
    index,
    changes,
    onBytes,
  }: Pick<DriftDeps, 'index' | 'changes' | 'onBytes'> & {
    readonly store: Pick<AffinityStore, 'read' | 'families' | 'stamps'>
  },
): Promise<{ readonly suspects: readonly string[]; readonly hasStamps: boolean }> {
  const answer = await store.stamps(keys)
  if (answer) {
    onBytes(answer.bytes)
    return { suspects: answer.groups.flatMap((group) => differingOf(group, index, changes)), hasStamps: true }
  }
  const batch = await store.read(keys)
  onBytes(batch.bytes ?? 0)
  const found = new Map(batch.records.map((record) => [record.key, record]))
  const suspects = keys.filter((key) => !isSame(index.get(key), found.get(key), store) && !changes.has(key))
  return { suspects, hasStamps: false }
}

/** A change that was reported meanwhile is in the index by now, or waits in the queue. */
function differingOf(
  { keys, stamps, expiries }: StampedKeys,
  index: AffinityIndex,
  changes: Pick<ChangeQueue<AffinityBatch>, 'has'>,
): readonly string[] {
  let known = 0
  const differ = keys.filter((key, n) => {
    const stamp = stamps[n] ?? null
    const expiresAt = index.get(key)?.expiresAt ?? 0
    if (stamp !== null) known += expiresAt === Number.POSITIVE_INFINITY ? -1 : Math.round(expiresAt * 1_000)
    return (index.stampOf(key) ?? null) !== stamp
  })
  // A sum does not tell whose expiry is another one.
  return (known === expiries ? differ : keys).filter((key) => !changes.has(key))
}
