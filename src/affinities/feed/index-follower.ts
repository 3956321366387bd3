import type { Logger } from 'pino'
import { notFollowed, UnavailableError } from '../../errors.js'
import { ChangeQueue } from '../../redis/change-queue.js'
import type { FeedListener, KeyFeed } from '../../redis/key-feed.js'
import { BackOff } from '../../util/back-off.js'
import type { KnownRemoval } from '../affinity-changes.js'
import { type AffinityEventListener, AffinityEvents } from '../affinity-events.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { AffinitySource, FeedFigures } from '../affinity-source.js'
import type { AffinityStore } from '../affinity-store.js'
import { ChangeList } from '../history/change-list.js'
import { MinuteHistory } from '../history/minute-history.js'
import { AffinityIndex } from '../index/affinity-index.js'
import type { BrokenRecords } from './broken-records.js'
import { createExpiryWalk, removeExpired } from './expiry.js'
import { FollowerLog } from './follower-log.js'
import { type FollowerAction, FollowerMachine, STATES } from './follower-machine.js'
import { readEverything } from './full-read.js'
import { IndexTooLargeError, requireRoom } from './index-room.js'
import { IndexUpdater } from './index-updater.js'
import { indexedStore } from './indexed-store.js'
import { Observed } from './observed.js'
import { ReadinessGate } from './readiness-gate.js'
import { createReconciler } from './reconciler.js'

/** Milliseconds until a full read that the cache did not answer is tried again. */
const RETRY_MS = 500
/** Milliseconds until the next full read after the affinities did not fit into memory: they seldom become fewer. */
const LARGE_RETRY = { firstMs: 600_000, longestMs: 3_600_000 } as const
/** The same after a fault of our own code: a full read is expensive and may fail again. */
const FAULT_RETRY = { firstMs: 1_000, longestMs: 60_000 } as const
/** Milliseconds in which every record is compared with the cache once. */
export const RECONCILE_MS = 300_000
/** Milliseconds; less than the time limit of an operation, so that its error can say what it waited for. */
const PATIENCE_MS = 8_000

export interface IndexFollowerDeps {
  readonly store: AffinityStore
  readonly feed: KeyFeed
  readonly brokenRecords: BrokenRecords
  /** Unix milliseconds. */
  readonly now: () => number
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Called with each record that is read, whether or not it has changed. */
  readonly onSeen?: (record: AffinityRecord) => void
  /** Returns true for a record that a clear of this service is removing, or has just removed. */
  readonly isCleared?: (record: AffinityRecord) => boolean
  /** The index holds so many records at most. Default: any number. */
  readonly maxRecords?: number
  /** Called with each removal: says of which clear it is known to be. */
  readonly onRemoved?: (record: AffinityRecord, isCleared: boolean) => KnownRemoval | undefined
  /** How long a request waits for the first read, in milliseconds. Default 8,000. */
  readonly patienceMs?: number
  /** Milliseconds in which every record is compared with the cache once; 0 for never. Default 300,000. */
  readonly reconcileMs?: number
  /** Milliseconds on a clock that is never set. Default: performance.now. */
  readonly clock?: () => number
}

/** An index that follows the cache. */
export interface IndexFollower {
  readonly index: AffinityIndex
  readonly observed: Observed
  readonly history: MinuteHistory
  readonly listed: ChangeList
  /** The given store; the index applies each of its removals before the removal resolves. */
  readonly store: AffinityStore
  /** Removes what has expired by the cache's clock, or where it is unknown reads again what has expired by ours. */
  expire(): void
  /** The cache's own time, or ours while it is unknown, in Unix milliseconds. */
  cacheNow(): number
  /** See AffinitySource.state. */
  readonly state: AffinitySource['state']
  /** See AffinitySource.scanReason. */
  readonly scanReason: AffinitySource['scanReason']
  readonly figures: FeedFigures
  /** See AffinitySource.events. */
  listen(listener: AffinityEventListener, onLost?: (reason: UnavailableError) => void): () => void
  /** Resolves once the index is complete, or the follower scans instead. Throws UnavailableError. */
  ready(): Promise<void>
  /** Resolves when the index may be read. Throws UnavailableError, also if there is no index. */
  pass(): Promise<void>
  /** Resolves once the index holds every change that the cache had confirmed before this call. Throws UnavailableError. */
  settled(): Promise<void>
  /** Compares the index with the cache now. @returns the drift: records that differed though the feed reported no change */
  reconcile(): Promise<number>
  /** Compares what is due by now: a slice of the index, or after drift everything. */
  reconcileDue(): Promise<void>
  close(): void
}

/** Keeps an index equal to the cache. Its state machine is the table in follower-states.ts. */
export function createIndexFollower(deps: IndexFollowerDeps): IndexFollower {
  const { feed, brokenRecords, now } = deps
  const log = new FollowerLog(deps.log)
  const index = new AffinityIndex(deps.store.families)
  const observed = new Observed(now())
  const history = new MinuteHistory({
    now,
    totals: () => ({
      all: index.size,
      byProvider: new Map(
        [...index.distinct('providerId')].map((id) => [
          id,
          index.count({ all: { providerId: new Set([id]) } }),
        ]),
      ),
    }),
  })
  const listed = new ChangeList({ now })
  const events = new AffinityEvents((error) =>
    deps.log.error({ err: error }, 'a listener to affinities failed'),
  )
  const cacheNow = () => feed.now() ?? now()
  const walk = createExpiryWalk({ index, now })
  const onSeen = deps.onSeen ?? (() => {})
  const records = new IndexUpdater({
    index,
    broken: brokenRecords,
    events,
    observed,
    history,
    changes: listed,
    isCleared: deps.isCleared ?? (() => false),
    onRemoved: deps.onRemoved ?? (() => undefined),
    onSeen,
    now,
    cacheNow,
  })
  const changes = new ChangeQueue({
    read: (keys) => deps.store.read(keys),
    async apply(keys, batch, isOutdated) {
      await records.apply(keys, batch, isOutdated)
      requireRoom(index.heldRecords, maxRecords)
    },
    failed: (error) => failed(error),
    recovered: () => machine.send('readable'),
  })
  const maxRecords = deps.maxRecords ?? Number.POSITIVE_INFINITY
  const fullRead = { store: deps.store, index, records, changes, broken: brokenRecords, maxRecords }
  const gate = new ReadinessGate(deps.patienceMs ?? PATIENCE_MS)
  const largePause = new BackOff(LARGE_RETRY.firstMs, LARGE_RETRY.longestMs)
  const faultPause = new BackOff(FAULT_RETRY.firstMs, FAULT_RETRY.longestMs)
  const changeListeners = new Set<FeedListener['changed']>()
  let fullReads = 0

  const reconciler = createReconciler({
    ...fullRead,
    barrier: () => feed.barrier(),
    onChanged(listener) {
      changeListeners.add(listener)
      return () => changeListeners.delete(listener)
    },
    onRefused: () => deps.store.storageType === 'REDIS' && log.unstamped(),
    onDrift: (drift) => log.drifted(drift),
    begin() {
      const { signal } = machine
      return () => signal.aborted
    },
    latest: () => feed.latest() ?? now(),
    periodMs: deps.reconcileMs ?? RECONCILE_MS,
    clock: deps.clock ?? (() => performance.now()),
  })

  const machine = new FollowerMachine((action, reason) => {
    gate.follow(machine.meaning.source, reason)
    const isLive = machine.meaning.source === 'live'
    history.follow(isLive)
    listed.follow(isLive)
    actions[action](reason)
  })

  const actions: Readonly<Record<FollowerAction, (reason: unknown) => void>> = {
    readAll: () => void readAll('unknown'),
    readAllAfterFlush: () => void readAll('just now'),
    readAllLater(reason) {
      stopFollowing(reason)
      machine.retryIn(RETRY_MS)
    },
    follow: () => log.followed(index.size),
    fallBehind(reason) {
      log.lost(reason)
      endSubscriptions(reason)
    },
    lose(reason) {
      stopFollowing(reason)
      changes.reset()
    },
    scan(reason) {
      log.refused(reason)
      giveIndexUp('The cache does not tell changes any more.', reason)
    },
    outgrow(reason) {
      log.outgrown(reason)
      giveIndexUp('The affinities do not fit into the memory of this service any more.', reason)
      machine.retryIn(largePause.next())
    },
    discard(reason) {
      log.fault(reason)
      index.clear()
    },
    giveUp(reason) {
      log.fault(reason)
      giveIndexUp(`${STATES.faulty.refusal} Read anew, and listen again.`, reason)
      machine.retryIn(faultPause.next())
    },
    close() {
      changes.reset()
      feed.close()
      gate.refuse(new Error(STATES.closed.refusal))
    },
  }

  function failed(error: unknown): void {
    const event =
      error instanceof IndexTooLargeError
        ? 'tooLarge'
        : error instanceof UnavailableError
          ? 'unreadable'
          : 'fault'
    machine.send(event, error)
  }

  function endSubscriptions(reason: unknown): void {
    events.lose(
      notFollowed('Changes to the cache are not seen just now. Read anew, and listen again.', reason),
    )
  }

  function stopFollowing(reason: unknown): void {
    changes.pause()
    log.lost(reason)
    endSubscriptions(reason)
  }

  function giveIndexUp(message: string, reason: unknown): void {
    changes.reset()
    index.clear()
    events.lose(notFollowed(message, reason))
  }

  async function readAll(removedWhen: 'just now' | 'unknown'): Promise<void> {
    const { signal } = machine
    observed.begin(now())
    log.reading()
    try {
      await readEverything(fullRead, removedWhen, () => signal.aborted)
      if (signal.aborted) return
      fullReads += 1
      reconciler.restart()
      changes.resume()
      await changes.settled()
      if (!signal.aborted) machine.send('filled')
    } catch (error) {
      if (!signal.aborted) failed(error)
    }
  }

  /** Applies a known change of these keys. Our own failure must not reach the caller, who only reported the change. */
  function applyChange(keys: readonly string[], apply: () => void): void {
    if (!machine.meaning.takesChanges) return
    try {
      apply()
      for (const changed of changeListeners) changed(keys)
    } catch (error) {
      failed(error)
    }
  }

  async function removeExpiredBy(time: number | undefined): Promise<void> {
    if (time === undefined || machine.meaning.source !== 'live') return
    try {
      await removeExpired(index, records, changes, time)
    } catch (error) {
      failed(error)
    }
  }

  const changed = (keys: readonly string[]) => applyChange(keys, () => changes.add(keys))

  feed.start({
    restored: () => machine.send('restored'),
    changed,
    flushed: () => machine.send('flushed'),
    lost: (reason) => machine.send('lost', reason),
    refused: (reason) => machine.send('refused', reason),
  })

  return {
    index,
    observed,
    history,
    listed,
    store: indexedStore(deps.store, {
      removed(keys) {
        applyChange(keys, () => {
          for (const key of keys) records.remove(key, true)
          changes.supersede(keys)
        })
      },
      doubtful: changed,
    }),
    expire() {
      history.advance()
      if (machine.meaning.source !== 'live') return
      const time = feed.now()
      if (time !== undefined) return void removeExpiredBy(time)
      try {
        changes.add(walk.due())
      } catch (error) {
        failed(error)
      }
    },
    cacheNow,
    get state() {
      return machine.meaning.source
    },
    get scanReason() {
      const { meaning } = machine
      return 'scanReason' in meaning ? meaning.scanReason : undefined
    },
    get figures(): FeedFigures {
      return { ...reconciler.figures, fullReads, pendingChanges: changes.pending }
    },
    listen(listener, onLost) {
      const meaning = machine.meaning
      if ('refusal' in meaning) throw notFollowed(meaning.refusal)
      return events.listen(listener, onLost)
    },
    ready: () => gate.pass(),
    async pass() {
      await gate.pass()
      if (machine.meaning.source === 'scanning')
        throw notFollowed('The index of affinities was given up just now. Try again.')
    },
    // The barrier costs one round trip to each master. It lets clients read what they wrote before.
    async settled() {
      await gate.pass()
      if (machine.meaning.source === 'scanning') return
      // The time before the barrier: of every change until then the index will know.
      const time = feed.now()
      await feed.barrier()
      await changes.settledOrFailed()
      await removeExpiredBy(time)
      await gate.pass()
    },
    reconcile: reconciler.everything,
    reconcileDue: reconciler.due,
    close: () => machine.send('closed'),
  }
}
