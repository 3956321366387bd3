import { notFollowed } from '../../errors.js'
import { containing } from '../../util/text.js'
import {
  type AffinityPage,
  type AffinityPageRequest,
  type AffinityReader,
  comparePositions,
  type NamePageRequest,
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
import { compareNamePositions, namePositionIn } from '../record-names.js'
import type { BrokenRecords } from './broken-records.js'
import { type Cut, createPasses, onlyDimension, passReader } from './scan-passes.js'

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

function readerOf(all: readonly AffinityRecord[]): AffinityReader {
  const tallies = new Map<Dimension, ValueCounts>()
  let models: readonly ModelCount[] | undefined
  const valueIn = (dimension: Dimension) => (record: AffinityRecord) => dimensionValue(record, dimension)
  const selected = async (selection: AffinitySelection) =>
    all.filter((record) => isSelected(record, selection))
  const distinct = async (dimension: Dimension) =>
    new Set(all.flatMap((record) => dimensionValue(record, dimension) ?? []))
  return {
    page: async (request) => pageOf(all, request),
    pageByName: async (request) => pageByNameOf(all, request),
    async count(selection) {
      const only = onlyDimension(selection)
      if (!only && isOfModels(selection)) {
        models ??= modelsOf(all)
        const selected = models.filter(({ record }) => isSelected(record, selection))
        return selected.reduce((sum, model) => sum + model.count, 0)
      }
      if (!only) return all.filter((record) => isSelected(record, selection)).length
      const tally = tallies.get(only.dimension) ?? countsOf(all, valueIn(only.dimension))
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

/** One of the records that have a model in common, and their number. */
interface ModelCount {
  readonly record: AffinityRecord
  readonly count: number
}

/** Counts records by family and model. It is kept because a page of models asks for the count of each. */
function modelsOf(records: readonly AffinityRecord[]): readonly ModelCount[] {
  const counts = new Map<string, { record: AffinityRecord; count: number }>()
  for (const record of records) {
    const model = `${record.family} ${record.modelId}`
    const known = counts.get(model)
    if (known) known.count += 1
    else counts.set(model, { record, count: 1 })
  }
  return [...counts.values()]
}

/** Whether a selection has conditions on family and model alone. */
const isOfModels = ({ keys, all = {}, any = [], none = {}, ...others }: AffinitySelection): boolean =>
  keys === undefined &&
  Object.values(others).every((condition) => condition === undefined) &&
  [all, none, ...any].every((sets) =>
    Object.keys(sets).every((dimension) => dimension === 'family' || dimension === 'modelId'),
  )

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
      return {
        page: async (request) => (await current()).page(request),
        pageByName: async (request) => (await current()).pageByName(request),
        count: async (selection) => (await current()).count(selection),
        tally: async (selection, dimension) => (await current()).tally(selection, dimension),
        tallyClasses: async (selection, classes) => (await current()).tallyClasses(selection, classes),
        matching: async (selection) => (await current()).matching(selection),
        distinct: async (dimension) => (await current()).distinct(dimension),
        valuesContaining: async (dimension, text) => (await current()).valuesContaining(dimension, text),
      }
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
    scanReason: 'index-off',
    ready: async () => {},
    figures: { pendingChanges: 0, fullReads: 0, reconciles: 0, reconcileBytes: 0, drift: 0 },
    close() {},
  }
}
