import type { Logger } from 'pino'
import { cacheUnavailable, notFollowed, UnavailableError } from '../../errors.js'
import { AffinityEvents } from '../affinity-events.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { AffinitySource, FeedFigures } from '../affinity-source.js'
import type { AffinityStore } from '../affinity-store.js'
import { AffinityIndex } from '../index/affinity-index.js'
import type { AffinityFeed, FeedListener } from './affinity-feed.js'
import type { BrokenRecords } from './broken-records.js'
import { Changes } from './change-queue.js'
import { readEverything } from './full-read.js'
import { LiveRecords } from './index-updater.js'
import { followRemovals } from './indexed-store.js'
import { Observed } from './observed.js'
import { Gate } from './readiness-gate.js'
import { reconcile } from './reconcile.js'

const RETRY_MS = 500
/** Less than an operation may take, so that it says what it waits for. */
const PATIENCE_MS = 8_000

export interface FollowerDeps {
  readonly store: AffinityStore
  readonly feed: AffinityFeed
  readonly brokenRecords: BrokenRecords
  /** Unix milliseconds. */
  readonly now: () => number
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Called with each record that is read, whether or not it is news. */
  readonly onSeen?: (record: AffinityRecord) => void
  /** How long a request waits for the first read, in milliseconds. Default 8,000. */
  readonly patienceMs?: number
}

/** An index that follows the cache, and how well it does. */
export interface Follower {
  readonly index: AffinityIndex
  readonly events: AffinityEvents
  readonly observed: Observed
  /** This store, whose removals the index follows before they resolve. */
  readonly store: AffinityStore
  /** Of these keys something has changed, or their time has come: they are read again. */
  look(keys: readonly string[]): void
  /** `scanning`: the cache does not tell changes, and the index is empty. */
  readonly state: AffinitySource['state']
  /** Changes were told that could not be read: that is tried again, and nobody is answered until it succeeds. */
  readonly isBehind: boolean
  readonly figures: FeedFigures
  /** Resolves once the index holds everything, or there will be none. Throws UnavailableError. */
  ready(): Promise<void>
  /** Resolves when the index may be looked at. Throws UnavailableError, also where a change could not be read. */
  pass(): Promise<void>
  /** Resolves once the index holds all that the cache had confirmed to anybody before this call. Throws UnavailableError. */
  settled(): Promise<void>
  /** Compares everything now. @returns records that differed although no change of theirs was under way */
  reconcile(): Promise<number>
  close(): void
}

export function createFollower(deps: FollowerDeps): Follower {
  const { feed, brokenRecords, now, log } = deps
  const index = new AffinityIndex(deps.store.families)
  const observed = new Observed(now())
  const events = new AffinityEvents((error) => log.error({ err: error }, 'a listener to affinities failed'))
  const onSeen = deps.onSeen ?? (() => {})
  const records = new LiveRecords({ index, broken: brokenRecords, events, observed, onSeen, now })
  const changes = new Changes({
    read: (keys) => deps.store.read(keys),
    apply: (keys, batch, isOutdated) => records.look(keys, batch, isOutdated),
  })
  const fullRead = { store: deps.store, index, records, changes, broken: brokenRecords }
  const gate = new Gate(deps.patienceMs ?? PATIENCE_MS)
  const changeListeners = new Set<FeedListener['changed']>()
  const figures = { drift: 0, reconciles: 0, fullReads: 0 }

  let state: AffinitySource['state'] = 'starting'
  /** Counts what makes a read under way worthless. */
  let epoch = 0
  let hasBegun = false
  /** Between `restored` and what ends it: changes are told, whether or not all has been read yet. */
  let isTold = false
  /** What is found missing has gone just now: all was known until a flush. */
  let isFlushed = false
  let lostAt: number | undefined
  let isClosed = false

  function setState(next: typeof state, reason?: unknown): void {
    state = next
    if (next === 'live' || next === 'scanning') gate.open()
    else if (next === 'starting') gate.shut()
    else gate.refuse(reason)
  }

  function lost(reason: unknown): void {
    epoch += 1
    isTold = false
    isFlushed = false
    changes.reset()
    if (lostAt === undefined) {
      lostAt = performance.now()
      log.error({ reason: messageOf(reason) }, 'affinities are not followed any more')
    }
    setState('lost', reason)
    events.lose(
      notFollowed('Changes to the cache are not seen just now. Read anew, and listen again.', reason),
    )
  }

  /** Reads everything until that succeeds, or something happens that makes it worthless. */
  async function readAll(gone: 'just now' | 'unknown'): Promise<void> {
    epoch += 1
    const own = epoch
    const isCancelled = () => own !== epoch || isClosed
    const startedAt = performance.now()
    while (!isCancelled()) {
      try {
        await readEverything(fullRead, gone, isCancelled)
        if (isCancelled()) return
        figures.fullReads += 1
        changes.resume()
        await changes.settled()
        if (isCancelled()) return
        if (changes.failure === undefined) return live(startedAt)
      } catch (error) {
        if (isCancelled()) return
        if (!(error instanceof UnavailableError)) log.error({ err: error }, 'the affinities cannot be read')
        lostAt ??= performance.now()
        setState('lost', error)
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }

  function live(startedAt: number): void {
    const ms = Math.round(performance.now() - startedAt)
    const afterMs = lostAt === undefined ? {} : { afterMs: Math.round(performance.now() - lostAt) }
    lostAt = undefined
    isFlushed = false
    log.info({ affinities: index.size, readMs: ms, ...afterMs }, 'affinities are followed')
    setState('live')
  }

  const listener: FeedListener = {
    restored() {
      if (!hasBegun) observed.begin(now())
      hasBegun = true
      isTold = true
      void readAll('unknown')
    },
    changed(keys) {
      for (const changed of changeListeners) changed(keys)
      changes.add(keys)
    },
    flushed() {
      // All is read once changes are told.
      if (!isTold) return
      // Whether anything has gone is not said: a flush of another database reads the same.
      isFlushed ||= state === 'live'
      if (state === 'live') setState('starting')
      void readAll(isFlushed ? 'just now' : 'unknown')
    },
    lost,
    refused(reason) {
      epoch += 1
      isTold = false
      changes.reset()
      index.clear()
      log.warn(
        { reason: messageOf(reason) },
        'the cache does not tell changes (client tracking is refused): every request reads all affinities',
      )
      setState('scanning')
      events.lose(notFollowed('The cache does not tell changes any more.', reason))
    },
  }

  async function pass(): Promise<void> {
    await gate.pass()
    if (changes.failure !== undefined) throw cacheUnavailable(changes.failure)
  }

  feed.start(listener)

  return {
    index,
    events,
    observed,
    store: followRemovals(deps.store, {
      removed(keys) {
        if (state === 'scanning') return
        for (const key of keys) records.gone(key)
        changes.supersede(keys)
        for (const changed of changeListeners) changed(keys)
      },
      doubtful(keys) {
        if (state !== 'scanning') listener.changed(keys)
      },
    }),
    look: (keys) => changes.add(keys),
    get state() {
      return state
    },
    get isBehind() {
      return changes.failure !== undefined
    },
    get figures(): FeedFigures {
      return { ...figures, pendingChanges: changes.pending }
    },
    ready: () => gate.pass(),
    pass,
    /** A round trip to each master: whoever has written and then asks, sees what was written. */
    async settled() {
      await gate.pass()
      if (state === 'scanning') return
      await feed.barrier()
      await changes.settledOrFailed()
      await pass()
    },
    async reconcile() {
      const own = epoch
      const isCancelled = () => own !== epoch || isClosed
      const onChanged = (changed: FeedListener['changed']) => {
        changeListeners.add(changed)
        return () => changeListeners.delete(changed)
      }
      const barrier = () => feed.barrier()
      const drift = await reconcile({ ...fullRead, barrier, onChanged, now }, isCancelled)
      if (isCancelled()) return 0
      figures.reconciles += 1
      figures.drift += drift
      if (drift > 0)
        log.warn({ drift }, 'affinities differed from the cache without a word; they are put right')
      return drift
    },
    close() {
      isClosed = true
      epoch += 1
      changes.reset()
      feed.close()
      gate.refuse(new Error('The service is stopping.'))
      state = 'lost'
    },
  }
}

/** Of an UnavailableError the cause: its own message is for clients. */
function messageOf(reason: unknown): string {
  const told = reason instanceof UnavailableError ? (reason.cause ?? reason) : reason
  return told instanceof Error ? told.message : String(told)
}
