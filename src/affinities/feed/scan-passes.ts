import { setImmediate as nextTurn } from 'node:timers/promises'
import { containing } from '../../util/text.js'
import { type AffinityPage, type AffinityReader, comparePositions, positionOf } from '../affinity-reader.js'
import { type AffinityRecord, type Dimension, dimensionValue } from '../affinity-record.js'
import { type AffinitySelection, isEverything, isSelected } from '../affinity-selection.js'
import { largestOf } from '../largest-groups.js'
import { compareNamePositions, namePositionIn } from '../record-names.js'

/** A page of the selected records in some order. */
export interface Cut<Position> {
  readonly selection: AffinitySelection
  readonly direction: 'ASC' | 'DESC'
  readonly first: number
  readonly after?: Position
  readonly offset?: number
}

/** One question to a scan, which keeps of the records only what its answer needs. */
export interface Pass<Answer> {
  see(record: AffinityRecord): void
  answer(): Answer
}

/** Runs a pass over all affinities. Passes that come before a scan begins share it. */
export type RunPass = <Answer>(pass: Pass<Answer>) => Promise<Answer>

/** @param scan calls its argument with every record once */
export function createPasses(scan: (see: (record: AffinityRecord) => void) => Promise<void>): RunPass {
  let running: Promise<unknown> = Promise.resolve()
  let next: { readonly passes: Pass<unknown>[]; readonly done: Promise<void> } | undefined

  async function afterRunning(passes: readonly Pass<unknown>[]): Promise<void> {
    await running
    await nextTurn()
    next = undefined
    const done = scan((record) => {
      for (const pass of passes) pass.see(record)
    })
    running = done.catch(() => {})
    await done
  }

  return async (pass) => {
    if (!next) {
      const passes: Pass<unknown>[] = []
      next = { passes, done: afterRunning(passes) }
    }
    next.passes.push(pass)
    await next.done
    return pass.answer()
  }
}

/** Answers each question by a pass. It holds a page, counts, or what was asked for as a whole, and never all records. */
export function passReader(run: RunPass): AffinityReader {
  const tallies = new Map<Dimension, Promise<ReadonlyMap<string, number>>>()
  let models: Promise<readonly ModelCount[]> | undefined
  const distinct = async (dimension: Dimension) => new Set((await valueCounts(dimension)).keys())

  function valueCounts(dimension: Dimension): Promise<ReadonlyMap<string, number>> {
    const known = tallies.get(dimension)
    if (known) return known
    const counts = run(countPass({}, (record) => dimensionValue(record, dimension))).then(
      ({ counts }) => counts,
    )
    tallies.set(dimension, counts)
    return counts
  }

  return {
    page: (request) =>
      run(
        pagePass({ ...request, direction: request.order.direction }, comparePositions, (record) =>
          positionOf(record, request.order.field),
        ),
      ),
    pageByName: (request) => run(pagePass(request, compareNamePositions, namePositionIn(request.names))),
    async count(selection) {
      const only = onlyDimension(selection)
      if (!only && isOfModels(selection)) {
        models ??= run(modelsPass())
        const selected = (await models).filter(({ record }) => isSelected(record, selection))
        return selected.reduce((sum, model) => sum + model.count, 0)
      }
      if (!only) return (await run(countPass(selection, () => undefined))).total
      const counts = await valueCounts(only.dimension)
      return [...only.values].reduce((sum, value) => sum + (counts.get(value) ?? 0), 0)
    },
    tally: (selection, dimension) => run(countPass(selection, (record) => dimensionValue(record, dimension))),
    async largest(selection, dimension, first) {
      const { total, counts } = await run(countPass(selection, (record) => dimensionValue(record, dimension)))
      return { total, ...largestOf(counts, first) }
    },
    tallyClasses: (selection, { dimensions, classOf }) =>
      run(
        countPass(selection, (record) =>
          classOf(dimensions.map((dimension) => dimensionValue(record, dimension))),
        ),
      ),
    matching: (selection) => run(matchingPass(selection)),
    distinct,
    valuesContaining: async (dimension, text) => [...(await distinct(dimension))].filter(containing(text)),
  }
}

function matchingPass(selection: AffinitySelection): Pass<readonly AffinityRecord[]> {
  const found: AffinityRecord[] = []
  return {
    see(record) {
      if (isSelected(record, selection)) found.push(record)
    },
    answer: () => found,
  }
}

/** Counts records by what they are grouped by; those of which that is undefined are in no group. */
function countPass<Group>(
  selection: AffinitySelection,
  groupOf: (record: AffinityRecord) => Group | undefined,
): Pass<{ readonly total: number; readonly counts: ReadonlyMap<Group, number> }> {
  const counts = new Map<Group, number>()
  let total = 0
  return {
    see(record) {
      if (!isSelected(record, selection)) return
      total += 1
      const group = groupOf(record)
      if (group !== undefined) counts.set(group, (counts.get(group) ?? 0) + 1)
    },
    answer: () => ({ total, counts }),
  }
}

/** One of the records that have a model in common, and their number. */
interface ModelCount {
  readonly record: AffinityRecord
  readonly count: number
}

/** Counts records by family and model: a page of models asks for the count of each. */
function modelsPass(): Pass<readonly ModelCount[]> {
  const counts = new Map<string, { record: AffinityRecord; count: number }>()
  return {
    see(record) {
      const model = `${record.family} ${record.modelId}`
      const known = counts.get(model)
      if (known) known.count += 1
      else counts.set(model, { record, count: 1 })
    },
    answer: () => [...counts.values()],
  }
}

/** Whether a selection has conditions on family and model alone. */
const isOfModels = ({ keys, all = {}, any = [], none = {}, ...others }: AffinitySelection): boolean =>
  keys === undefined &&
  Object.values(others).every((condition) => condition === undefined) &&
  [all, none, ...any].every((sets) =>
    Object.keys(sets).every((dimension) => dimension === 'family' || dimension === 'modelId'),
  )

/** Keeps at most twice as many records as lie between the start of the order, or the cursor, and the end of the page. */
function pagePass<Position>(
  { selection, direction, after, first, offset = 0 }: Cut<Position>,
  compare: (a: Position, b: Position) => number,
  placeOf: (record: AffinityRecord) => Position,
): Pass<AffinityPage> {
  const sign = direction === 'ASC' ? 1 : -1
  const wanted = offset + first
  let nearest: { readonly record: AffinityRecord; readonly position: Position }[] = []
  let total = 0
  let before = 0
  const cut = () => {
    nearest.sort((a, b) => sign * compare(a.position, b.position))
    nearest = nearest.slice(0, wanted)
  }
  return {
    see(record) {
      if (!isSelected(record, selection)) return
      total += 1
      const position = placeOf(record)
      if (after && sign * compare(position, after) <= 0) {
        before += 1
        return
      }
      nearest.push({ record, position })
      if (nearest.length > 2 * wanted) cut()
    },
    answer() {
      cut()
      const start = before + offset
      return {
        records: nearest.slice(offset).map(({ record }) => record),
        totalCount: total,
        hasNextPage: start + first < total,
        hasPreviousPage: start > 0 && total > 0,
      }
    },
  }
}

/** Returns the dimension of a selection that has exactly one condition, in `all`; otherwise undefined. */
function onlyDimension(selection: AffinitySelection) {
  const [only, ...others] = Object.entries(selection.all ?? {}).filter(([, values]) => values)
  const isOnly = others.length === 0 && isEverything({ ...selection, all: {} })
  return only?.[1] && isOnly ? { dimension: only[0], values: only[1] } : undefined
}
