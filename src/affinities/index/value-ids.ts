import type { TimeSlice } from '../../util/time-slice.js'
import type { DimensionIndex } from './postings.js'

/** From so many values on their ids are remembered: to find those of 100,000 takes some 80 ms. */
const MANY = 4_096

interface Remembered {
  readonly postings: DimensionIndex
  /** The number of the values, and of those that the postings had added by then. */
  readonly size: number
  readonly addedCount: number
  readonly ids: readonly number[]
}

/** The ids of large sets, such as of what a search has found: many ask for the same, one after the other. */
const remembered = new WeakMap<ReadonlySet<string>, Remembered>()
const preparing = new WeakMap<ReadonlySet<string>, Promise<void>>()

/** Finds the ids of those values that records hold. If the values are many, some ids may be of values that no record holds any more. */
export function idsOf(postings: DimensionIndex, values: ReadonlySet<string>): readonly number[] {
  const before = recall(postings, values)
  if (before?.addedCount === postings.addedCount) return before.ids
  const ids = (before && broughtUpToDate(before, values)) ?? [...find(postings, values)].filter(isId)
  if (isLarge(values)) {
    remembered.set(values, { postings, size: values.size, addedCount: postings.addedCount, ids })
  }
  return ids
}

/** Finds the ids of many values in time slices, so that `idsOf` soon afterwards finds few more. */
export async function prepareIds(
  postings: DimensionIndex,
  values: ReadonlySet<string>,
  slice: TimeSlice,
): Promise<void> {
  if (!isLarge(values) || recall(postings, values)) return
  const running = preparing.get(values) ?? findInSlices(postings, values, slice)
  preparing.set(values, running)
  await running.finally(() => preparing.delete(values))
}

async function findInSlices(
  postings: DimensionIndex,
  values: ReadonlySet<string>,
  slice: TimeSlice,
): Promise<void> {
  // What is added meanwhile is looked at again by `idsOf`.
  const { addedCount } = postings
  const { size } = values
  const ids: number[] = []
  for (const id of find(postings, values)) {
    if (isId(id)) ids.push(id)
    if (slice.isOver()) await slice.next()
  }
  remembered.set(values, { postings, size, addedCount, ids })
}

/** A view of what records hold changes with them. */
const isLarge = (values: ReadonlySet<string>): boolean => values instanceof Set && values.size >= MANY

const isId = (id: number): boolean => id >= 0

function recall(postings: DimensionIndex, values: ReadonlySet<string>): Remembered | undefined {
  const before = remembered.get(values)
  return before?.postings === postings && before.size === values.size ? before : undefined
}

/** Looks again at the ids that values were given since; undefined if these were too many. */
function broughtUpToDate(
  { postings, addedCount, ids }: Remembered,
  values: ReadonlySet<string>,
): readonly number[] | undefined {
  const added = postings.addedSince(addedCount)
  if (added === undefined) return undefined
  const changed = new Set(added)
  const held = [...changed].filter((id) => postings.count(id) > 0 && values.has(postings.valueOf(id)))
  return [...ids.filter((id) => !changed.has(id)), ...held]
}

/** Yields the ids of the values by a loop over the smaller of the two sets, and -1 for what is not in the other one. */
function* find(postings: DimensionIndex, values: ReadonlySet<string>): Generator<number, void, undefined> {
  if (values.size <= postings.size) for (const value of values) yield postings.idOf(value)
  else for (const id of postings.ids()) yield values.has(postings.valueOf(id)) ? id : -1
}
