import type { AffinitySelection } from '../affinity-selection.js'
import { Bitmap } from './bitmap.js'
import { Disjunction, type Matches, type PostingsByDimension } from './disjunction.js'

export type { Matches } from './disjunction.js'

/** Below this share of all records, checking each one is faster than combining bitmaps. */
const SPARSE_SHARE = 1 / 64

const NOTHING: Matches = { count: 0, has: () => false, forEach: () => undefined }

/** The parts of an index that evaluate a selection. */
export interface Indexed {
  readonly dimensions: PostingsByDimension
  /** The slots in use. */
  readonly live: Bitmap
}

/**
 * Evaluates a selection, with the same result as `isSelected` for each record. Undefined means all slots.
 *
 * A condition on one dimension uses its posting lists as they are, since their sizes add up. Otherwise, if some condition
 * leaves few records, these are checked one by one; if not, bitmaps are combined, which takes slots / 32 steps.
 */
export function planSelection(indexed: Indexed, selection: AffinitySelection): Matches | undefined {
  const { dimensions, live } = indexed
  const every: Disjunction[] = []
  for (const [dimension, values] of Object.entries(selection.all ?? {}))
    if (values) every.push(new Disjunction(dimensions, { [dimension]: values }))
  for (const sets of selection.any ?? []) every.push(new Disjunction(dimensions, sets))
  if (every.some((disjunction) => disjunction.total === 0)) return NOTHING

  const excluded = new Disjunction(dimensions, selection.none ?? {})
  if (excluded.total > 0 && excluded.covers(live.count)) return NOTHING

  const required = every
    .filter((disjunction) => !disjunction.covers(live.count))
    .sort((a, b) => a.total - b.total)
  const [smallest, ...others] = required
  if (excluded.total === 0) {
    if (smallest === undefined) return undefined
    if (others.length === 0 && smallest.isSimple) return smallest.postingBitmap ?? simple(smallest)
  }
  if (smallest !== undefined && smallest.total <= live.count * SPARSE_SHARE) {
    return listed(smallest, others, excluded)
  }
  return combined(indexed, required, excluded)
}

const simple = (disjunction: Disjunction): Matches => ({
  count: disjunction.total,
  has: (slot) => disjunction.has(slot),
  forEach: (visit) => disjunction.forEach(visit),
})

function listed(smallest: Disjunction, others: readonly Disjunction[], excluded: Disjunction): Matches {
  const holds = (slot: number) => others.every((disjunction) => disjunction.has(slot)) && !excluded.has(slot)
  const slots: number[] = []
  smallest.forEach((slot) => {
    if (holds(slot)) slots.push(slot)
  })
  return {
    count: slots.length,
    has: (slot) => smallest.has(slot) && holds(slot),
    forEach: (visit) => slots.forEach(visit),
  }
}

function combined({ live }: Indexed, required: readonly Disjunction[], excluded: Disjunction): Bitmap {
  const [first, ...others] = required
  let result: Bitmap
  if (first !== undefined) {
    result = first.toBitmap(live.limit)
  } else {
    result = new Bitmap(live.limit)
    result.union(live)
  }
  for (const disjunction of others) result.intersect(disjunction.toBitmap(live.limit))
  if (excluded.total > 0) result.subtract(excluded.toBitmap(live.limit))
  return result
}
