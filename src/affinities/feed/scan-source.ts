import { notFollowed } from '../../errors.js'
import {
  type AffinityPage,
  type AffinityPageRequest,
  type AffinityReader,
  comparePositions,
  type NamePageRequest,
  positionOf,
  readerBy,
} from '../affinity-reader.js'
import type { AffinityRecord, BrokenAffinity } from '../affinity-record.js'
import { isSelected } from '../affinity-selection.js'
import type { AffinitySource } from '../affinity-source.js'
import type { AffinityStore } from '../affinity-store.js'
import { ChangeList } from '../history/change-list.js'
import { MinuteHistory } from '../history/minute-history.js'
import { compareNamePositions, namePositionIn } from '../record-names.js'
import type { BrokenRecords } from './broken-records.js'
import { type Cut, createPasses, passReader, type RunPass } from './scan-passes.js'

/** Cuts a page out of a list of records. This is the definition of a page: the index must agree with it. */
export const pageOf = (records: readonly AffinityRecord[], request: AffinityPageRequest): AffinityPage =>
  cutPage(records, { ...request, direction: request.order.direction }, comparePositions, (record) =>
    positionOf(record, request.order.field),
  )

/** The definition of a page in the order of names. */
export const pageByNameOf = (records: readonly AffinityRecord[], request: NamePageRequest): AffinityPage =>
  cutPage(records, request, compareNamePositions, namePositionIn(request.names))

function cutPage<Position>(
  records: readonly AffinityRecord[],
  request: Cut<Position>,
  compare: (a: Position, b: Position) => number,
  placeOf: (record: AffinityRecord) => Position,
): AffinityPage {
  const sign = request.direction === 'ASC' ? 1 : -1
  const selected = records
    .filter((record) => isSelected(record, request.selection))
    .map((record) => ({ record, position: placeOf(record) }))
    .sort((a, b) => sign * compare(a.position, b.position))
  const { after } = request
  const firstAfter = after ? selected.findIndex(({ position }) => sign * compare(position, after) > 0) : 0
  const start = (firstAfter < 0 ? selected.length : firstAfter) + (request.offset ?? 0)
  const end = start + request.first
  return {
    records: selected.slice(start, end).map(({ record }) => record),
    totalCount: selected.length,
    hasNextPage: end < selected.length,
    hasPreviousPage: start > 0 && selected.length > 0,
  }
}

/** Answers by records that are kept. */
function readerOf(all: readonly AffinityRecord[]): AffinityReader {
  const run: RunPass = async (pass) => {
    for (const record of all) pass.see(record)
    return pass.answer()
  }
  return {
    ...passReader(run),
    page: async (request) => pageOf(all, request),
    pageByName: async (request) => pageByNameOf(all, request),
  }
}

/**
 * Scans all affinities for each request, with only one scan at a time: requests that come while a scan runs share the next
 * one (single flight). They cannot share the running one, which may have passed what they have just written. A request keeps
 * the records of its scan for all that it asks; where they are too many for that, it scans for each question, and keeps what
 * the answer needs.
 * @param keptRecords the most records of a scan that are kept
 */
export function createScanSource(
  store: AffinityStore,
  brokenRecords: BrokenRecords,
  now: () => number = Date.now,
  keptRecords = Number.POSITIVE_INFINITY,
): AffinitySource {
  const since = new Date(now())
  let lastCount = 0
  async function scan(see: (record: AffinityRecord) => void): Promise<void> {
    const broken: BrokenAffinity[] = []
    let count = 0
    for await (const batch of store.readAll()) {
      for (const record of batch.records) see(record)
      for (const entry of batch.broken) broken.push(entry)
      count += batch.records.length + batch.broken.length
    }
    brokenRecords.replaceAll(broken)
    lastCount = count
  }

  const run = createPasses(scan)

  /** Keeps every record, as long as there are not too many. */
  function keepingPass() {
    let records: AffinityRecord[] | undefined = []
    return {
      see(record: AffinityRecord) {
        records?.push(record)
        if (records && records.length > keptRecords) records = undefined
      },
      answer: (): readonly AffinityRecord[] | undefined => records,
    }
  }

  const noEvents = () =>
    notFollowed('The cache does not tell changes, or AFFINITY_INDEX is off: there are no events.')

  async function open(): Promise<AffinityReader> {
    const records = lastCount > keptRecords ? undefined : await run(keepingPass())
    return records ? readerOf(records) : passReader(run)
  }

  return {
    reader() {
      let opened: Promise<AffinityReader> | undefined
      const current = (): Promise<AffinityReader> => {
        opened ??= open()
        return opened
      }
      return readerBy(current)
    },
    get brokenCount() {
      return brokenRecords.count
    },
    indexSize: undefined,
    sizes: {
      get records() {
        return lastCount
      },
      values: () => lastCount,
    },
    // A scan sees records but not their changes, so nothing is counted.
    observed: () => ({
      since,
      created: 0,
      refreshed: 0,
      providerSwitches: 0,
      keySwitches: 0,
      removed: 0,
      expired: 0,
    }),
    changes: new ChangeList({ now }),
    history: new MinuteHistory({ now, totals: () => ({ all: 0, byProvider: new Map() }) }),
    events() {
      throw noEvents()
    },
    async crossings() {
      throw noEvents()
    },
    cacheNow: now,
    state: 'scanning',
    scanReason: 'index-off',
    ready: async () => {},
    figures: { pendingChanges: 0, fullReads: 0, reconciles: 0, reconcileBytes: 0, drift: 0 },
    close() {},
  }
}
