import { getHeapStatistics } from 'node:v8'
import type { Logger } from 'pino'
import type { AffinitySource } from '../affinities/affinity-source.js'
import type { AffinityStore } from '../affinities/affinity-store.js'
import { type ClearedPins, createClearedPins } from '../affinities/clear/cleared-pins.js'
import { createWriteBackGuard, type WriteBackGuard } from '../affinities/clear/write-back-guard.js'
import { type Crossings, createCrossings } from '../affinities/crossings.js'
import { createBrokenRecords } from '../affinities/feed/broken-records.js'
import { createIndexedSource } from '../affinities/feed/indexed-source.js'
import { createScanSource } from '../affinities/feed/scan-source.js'
import { createFollowUps, type KeptFollowUps } from '../affinities/follow-up/create-follow-ups.js'
import type { Config } from '../config/load-config.js'
import type { Cache } from '../open-cache.js'
import { affinitiesIn } from './heap-room.js'

/** A scan keeps its records for a request if they are so few of those that the index has room for: as objects they take more. */
const KEPT_SHARE = 4

export interface Affinities {
  readonly source: AffinitySource
  readonly guard: WriteBackGuard
  readonly followUps: KeptFollowUps
  readonly crossings: Crossings
  /** Store that clears use, so that the index removes the same records. */
  readonly clearingStore: AffinityStore
  /** What clears have removed; nothing while the cache is not followed. */
  readonly clearedPins: ClearedPins
}

export interface AffinitiesDeps {
  readonly cache: Cache
  readonly config: Config
  readonly logger: Logger
  /** Unix milliseconds. */
  readonly now: () => number
  /** Told how many records were removed again because a gateway had written them back. */
  readonly onRemovedAgain: (count: number) => void
  /** Milliseconds between two sweeps over what is listened to. Default: see createCrossings. */
  readonly sweepEveryMs?: number | undefined
}

/** Opens the affinities of the cache: what reads them, and what keeps them away after a clear. */
export function openAffinities({
  cache,
  config,
  logger,
  now,
  onRemovedAgain,
  sweepEveryMs,
}: AffinitiesDeps): Affinities {
  const store = cache.affinityStore
  const room = affinitiesIn(getHeapStatistics().heap_size_limit)
  const brokenRecords = createBrokenRecords(({ key, reason }) =>
    logger.warn({ key, reason }, 'a cached affinity cannot be read; it is skipped and left alone'),
  )
  const scanSource = createScanSource(store, brokenRecords, now, room / KEPT_SHARE)
  const guard: WriteBackGuard = createWriteBackGuard({
    store,
    remover: cache.writeBackRemover,
    windowSeconds: config.clearGuardSeconds,
    isFollowed: () => source.state === 'live',
    now,
    log: logger,
    onRemovedAgain,
  })
  const clearedPins = createClearedPins(now)
  const followUps = createFollowUps({
    now,
    isFollowed: () => source.state === 'live',
    onDropped: (auditEventId) =>
      logger.warn(
        { auditEventId },
        'the follow-up of a clear is not kept any longer: it would take more memory than all of them may',
      ),
  })
  const liveSource = config.affinityIndex
    ? createIndexedSource({
        store,
        feed: cache.createFeed(),
        brokenRecords,
        scanSource,
        now,
        log: logger,
        onSeen(record) {
          guard.seen(record)
          followUps.seen(record)
        },
        onRemoved(record, isCleared) {
          const known = followUps.removed(record, isCleared)
          if (isCleared || known) clearedPins.add(record)
          return known
        },
        isCleared: guard.isCleared,
        maxRecords: room,
        reconcileMs: config.reconcileSeconds * 1_000,
      })
    : undefined
  const source: AffinitySource = liveSource ?? scanSource
  const crossings = createCrossings({ source, now, everyMs: sweepEveryMs })
  return { source, guard, followUps, crossings, clearingStore: liveSource?.store ?? store, clearedPins }
}
