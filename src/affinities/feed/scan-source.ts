import { setImmediate as nextTurn } from 'node:timers/promises'
import { notFollowed } from '../../errors.js'
import { containing } from '../../util/text.js'
import {
  type AffinityPage,
  type AffinityPageRequest,
  type AffinityReader,
  comparePositions,
  positionOf,
} from '../affinity-reader.js'
import {
  type AffinityRecord,
  type BrokenAffinity,
  type Dimension,
  dimensionValue,
} from '../affinity-record.js'
import { type AffinitySelection, isSelected } from '../affinity-selection.js'
import type { AffinitySource } from '../affinity-source.js'
import type { AffinityStore } from '../affinity-store.js'
import { ChangeList } from '../history/change-list.js'
import { MinuteHistory } from '../history/minute-history.js'
import type { BrokenRecords } from './broken-records.js'

/** Cuts a page out of a list of records. This is the definition of a page: the index must agree with it. */
export function pageOf(records: readonly AffinityRecord[], request: AffinityPageRequest): AffinityPage {
  const { field, direction } = request.order
  const sign = direction === 'ASC' ? 1 : -1
  const selected = records
    .filter((record) => isSelected(record, request.selection))
    .map((record) => ({ record, position: positionOf(record, field) }))
    .sort((a, b) => sign * comparePositions(a.position, b.position))
  const { after } = request
  const firstAfter = after
    ? selected.findIndex(({ position }) => sign * comparePositions(position, after) > 0)
    : 0
  const start = (firstAfter < 0 ? selected.length : firstAfter) + (request.offset ?? 0)
  const end = start + request.first
  return {
    records: selected.slice(start, end).map(({ record }) => record),
    totalCount: selected.length,
    hasNextPage: end < selected.length,
    hasPreviousPage: start > 0 && selected.length > 0,
  }
}

function readerOf(read: () => Promise<readonly AffinityRecord[]>): AffinityReader {
  const tallies = new Map<Dimension, ValueCounts>()
  const valueIn = (dimension: Dimension) => (record: AffinityRecord) => dimensionValue(record, dimension)
  const selected = async (selection: AffinitySelection) =>
    (await read()).filter((record) => isSelected(record, selection))
  const distinct = async (dimension: Dimension) =>
    new Set((await read()).flatMap((record) => dimensionValue(record, dimension) ?? []))
  return {
    page: async (request) => pageOf(await read(), request),
    async count(selection) {
      const records = await read()
      const only = onlyDimension(selection)
      if (!only) return records.filter((record) => isSelected(record, selection)).length
      const tally = tallies.get(only.dimension) ?? countsOf(records, valueIn(only.dimension))
      tallies.set(only.dimension, tally)
      return [...only.values].reduce((sum, value) => sum + (tally.get(value) ?? 0), 0)
    },
    async tally(selection, dimension) {
      const records = await selected(selection)
      return { total: records.length, counts: countsOf(records, valueIn(dimension)) }
    },
    async tallyClasses(selection, { dimensions, classOf }) {
      const records = await selected(selection)
      const classIn = (record: AffinityRecord) =>
        classOf(dimensions.map((dimension) => dimensionValue(record, dimension)))
      return { total: records.length, counts: countsOf(records, classIn) }
    },
    matching: selected,
    distinct,
    valuesContaining: async (dimension, text) => [...(await distinct(dimension))].filter(containing(text)),
  }
}

/** The number of records of each value. It is kept because a page of 1,000 asks 1,000 times for counts of few providers. */
type ValueCounts = ReadonlyMap<string, number>

/** Counts records by what they are grouped by; those of which that is undefined are in no group. */
function countsOf<Group>(
  records: readonly AffinityRecord[],
  groupOf: (record: AffinityRecord) => Group | undefined,
): ReadonlyMap<Group, number> {
  const counts = new Map<Group, number>()
  for (const record of records) {
    const group = groupOf(record)
    if (group !== undefined) counts.set(group, (counts.get(group) ?? 0) + 1)
  }
  return counts
}

/** Returns the dimension of a selection that has exactly one condition, in `all`; otherwise undefined. */
function onlyDimension({
  keys,
  all = {},
  any = [],
  none = {},
  ranges = {},
  lastUse,
  where,
}: AffinitySelection) {
  const [only, ...others] = Object.entries(all).filter(([, values]) => values)
  const isOnly =
    keys === undefined &&
    others.length === 0 &&
    any.length === 0 &&
    [none, ranges].every((named) => Object.keys(named).length === 0) &&
    lastUse === undefined &&
    where === undefined
  return only?.[1] && isOnly ? { dimension: only[0], values: only[1] } : undefined
}

/**
 * Scans all affinities for each request, with only one scan at a time: requests that come while a scan runs share the next
 * one (single flight). They cannot share the running one, which may have passed what they have just written.
 */
export function createScanSource(
  store: AffinityStore,
  brokenRecords: BrokenRecords,
  now: () => number = Date.now,
): AffinitySource {
  const since = new Date(now())
  let lastCount = 0
  let running: Promise<unknown> = Promise.resolve()
  let next: Promise<readonly AffinityRecord[]> | undefined

  async function readAll(): Promise<readonly AffinityRecord[]> {
    const records: AffinityRecord[] = []
    const broken: BrokenAffinity[] = []
    for await (const batch of store.readAll()) {
      for (const record of batch.records) records.push(record)
      for (const entry of batch.broken) broken.push(entry)
    }
    brokenRecords.replaceAll(broken)
    lastCount = records.length + broken.length
    return records
  }

  const sharedRead = (): Promise<readonly AffinityRecord[]> => {
    next ??= afterRunning()
    return next
  }

  async function afterRunning(): Promise<readonly AffinityRecord[]> {
    await running
    await nextTurn()
    const scan = readAll()
    next = undefined
    running = scan.catch(() => {})
    return scan
  }

  return {
    reader() {
      let snapshot: Promise<readonly AffinityRecord[]> | undefined
      return readerOf(() => {
        snapshot ??= sharedRead()
        return snapshot
      })
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
      throw notFollowed('The cache does not tell changes, or AFFINITY_INDEX is off: there are no events.')
    },
    cacheNow: now,
    state: 'scanning',
    ready: async () => {},
    figures: { pendingChanges: 0, fullReads: 0, reconciles: 0, reconcileBytes: 0, drift: 0 },
    close() {},
  }
}
