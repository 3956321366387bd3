import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { notFollowed } from '../../errors.js'
import { createChangeFilter } from '../../log/change-filter.js'
import { TimeSlice } from '../../util/time-slice.js'
import { type AffinityPosition, type AffinityReader, positionOf, readerBy } from '../affinity-reader.js'
import type { AffinityRecord, Dimension } from '../affinity-record.js'
import type { AffinitySelection } from '../affinity-selection.js'
import type { AffinitySource } from '../affinity-source.js'
import type { AffinityStore } from '../affinity-store.js'
import type { AffinityIndex } from '../index/affinity-index.js'
import { createIndexFollower, type IndexFollowerDeps, RECONCILE_MS } from './index-follower.js'
import { ROUNDS } from './rolling-reconcile.js'

/** Milliseconds between two searches for expired records. */
const EXPIRY_EVERY_MS = 100

export interface IndexedSourceDeps extends IndexFollowerDeps {
  /** Answers while the index does not follow the cache. */
  readonly scanSource: AffinitySource
  /** Resolves after these milliseconds, for the rounds of comparisons. Default: a timer that does not hold the process. */
  readonly pause?: (ms: number) => Promise<void>
}

export interface IndexedSource extends AffinitySource {
  /** The given store; the index applies each of its removals before the removal resolves. */
  readonly store: AffinityStore
  /** Resolves once the index holds every change that the cache had confirmed before this call. Every request waits for it. */
  settled(): Promise<void>
  /** Compares the index with the cache now. @returns the drift: records that differed though the feed reported no change */
  reconcile(): Promise<number>
}

/** Answers from an index in memory that follows the cache, or from scans if the cache refuses to report changes. */
export function createIndexedSource(deps: IndexedSourceDeps): IndexedSource {
  const { brokenRecords, scanSource, log } = deps
  const follower = createIndexFollower(deps)
  const { index, observed } = follower
  const indexReader = createIndexReader(index, follower.pass)
  const troubles = createChangeFilter()
  let isClosed = false

  const expiryTimer = setInterval(follower.expire, EXPIRY_EVERY_MS).unref()

  const pause = deps.pause ?? ((ms) => sleep(ms, undefined, { ref: false }))
  const { reconcileMs = RECONCILE_MS } = deps
  async function keepComparing(): Promise<void> {
    while (!isClosed && reconcileMs > 0) {
      await pause(reconcileMs / ROUNDS)
      if (isClosed || follower.state !== 'live') continue
      await follower.reconcileDue().then(
        () => troubles.ended('reconcile'),
        (error: unknown) => {
          // The follower logs an outage itself.
          if (follower.state === 'live' && troubles.isNew('reconcile', error))
            log.warn({ err: error }, 'affinities cannot be compared with the cache just now')
        },
      )
    }
  }
  // It rejects only if the pause does, which is a bug.
  void keepComparing()

  return {
    reader() {
      let scan: AffinityReader | undefined
      let caughtUp: Promise<void> | undefined
      const current = async (): Promise<AffinityReader> => {
        caughtUp ??= follower.settled()
        await caughtUp
        if (follower.state !== 'scanning') return indexReader
        scan ??= scanSource.reader()
        return scan
      }
      return readerBy(current)
    },
    get state() {
      return follower.state
    },
    get scanReason() {
      return follower.scanReason
    },
    get brokenCount() {
      return brokenRecords.count
    },
    get indexSize() {
      return follower.state === 'scanning' ? undefined : index.size
    },
    get sizes() {
      if (follower.state === 'scanning') return scanSource.sizes
      return { records: index.size, values: (dimension: Dimension) => index.distinct(dimension).size }
    },
    observed: () => observed.figures(),
    history: follower.history,
    changes: follower.listed,
    events: follower.listen,
    async crossings(request, use) {
      const slice = new TimeSlice()
      await index.prepare(request.before, slice)
      await index.prepare(request.after, slice)
      if (follower.state !== 'live') throw notFollowed('Changes to the cache are not seen just now.')
      use(index.crossings(request))
    },
    cacheNow: follower.cacheNow,
    ready: follower.ready,
    get figures() {
      return follower.figures
    },
    store: follower.store,
    settled: follower.settled,
    reconcile: follower.reconcile,
    close() {
      isClosed = true
      clearInterval(expiryTimer)
      follower.close()
    },
  }
}

/** Records taken from the index in one step when a whole selection is read. */
const CHUNK = 2_000

/**
 * Reads from the live index.
 * @param pass resolves when the index may be read; throws UnavailableError
 */
export function createIndexReader(index: AffinityIndex, pass: () => Promise<void>): AffinityReader {
  async function ready(selection: AffinitySelection): Promise<void> {
    await index.prepare(selection, new TimeSlice())
    await pass()
  }
  return {
    async page(request) {
      await ready(request.selection)
      return index.page(request)
    },
    async pageByName(request) {
      await ready(request.selection)
      return index.pageByName(request)
    },
    async count(selection) {
      await ready(selection)
      return index.count(selection)
    },
    async tally(selection, dimension) {
      await ready(selection)
      return index.tally(selection, dimension)
    },
    async largest(selection, dimension, first) {
      await ready(selection)
      return index.largest(selection, dimension, first)
    },
    async tallyClasses(selection, classes) {
      await index.prepareClasses(classes, new TimeSlice())
      await ready(selection)
      return index.tallyClasses(selection, classes)
    },
    async matching(selection) {
      await ready(selection)
      return matching(index, selection, pass)
    },
    async distinct(dimension) {
      await pass()
      return index.distinct(dimension)
    },
    async valuesContaining(dimension, text) {
      await pass()
      return index.valuesContaining(dimension, text)
    },
  }
}

/**
 * Reads a whole selection in steps, ordered by creation time. A refresh does not change that order, so a record that exists
 * all the time is found exactly once.
 */
async function matching(
  index: AffinityIndex,
  selection: AffinitySelection,
  pass: () => Promise<void>,
): Promise<readonly AffinityRecord[]> {
  const found = new Map<string, AffinityRecord>()
  let after: AffinityPosition | undefined
  while (true) {
    const page = index.page({
      selection,
      order: { field: 'CREATED_AT', direction: 'ASC' },
      first: CHUNK,
      ...(after && { after }),
    })
    for (const record of page.records) found.set(record.key, record)
    const last = page.records.at(-1)
    if (!page.hasNextPage || !last) return [...found.values()]
    after = positionOf(last, 'CREATED_AT')
    await nextTurn()
    await pass()
  }
}
