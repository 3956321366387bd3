import type { CommonDimension, Figure } from '../affinity-record.js'
import type { AffinitySelection, Condition, DimensionSets, LastUse } from '../affinity-selection.js'
import { Bitmap } from './bitmap.js'
import { FigureRange } from './figure-range.js'
import { KeySlots, type SlotFinder } from './key-slots.js'
import type { OrderedColumn } from './ordered-column.js'
import type { DimensionIndex, Postings } from './postings.js'
import { idsOf } from './value-ids.js'

/** Below this share of all records, checking each one is faster than combining bitmaps. */
const SPARSE_SHARE = 1 / 64

const NOTHING: Matches = { count: 0, has: () => false, forEach: () => undefined }

/** The parts of an index that evaluate a selection. */
export interface Indexed {
  readonly dimensions: PostingsByDimension
  /** The slot of each key. */
  readonly keys: SlotFinder
  /** The slots in use. */
  readonly live: Bitmap
  /** The slots for which a condition holds. */
  slotsWhere(condition: Condition | LastUse): Bitmap
  readonly figures: Readonly<Record<Figure, OrderedColumn>>
}

/**
 * Evaluates a selection, with the same result as `isSelected` for each record. Undefined means all slots.
 *
 * A condition on one dimension uses its posting lists as they are, since their sizes add up. Otherwise, if some condition
 * leaves few records, these are checked one by one; if not, bitmaps are combined, which takes slots / 32 steps.
 */
export function planSelection(indexed: Indexed, selection: AffinitySelection): Matches | undefined {
  let matches = planSets(indexed, selection)
  for (const condition of [selection.lastUse, selection.where]) {
    if (condition === undefined || matches?.count === 0) continue
    matches = narrowed(matches, indexed.slotsWhere(condition))
  }
  return matches
}

function narrowed(matches: Matches | undefined, where: Bitmap): Matches {
  if (matches === undefined) return where
  const slots: number[] = []
  matches.forEach((slot) => {
    if (where.has(slot)) slots.push(slot)
  })
  return {
    count: slots.length,
    has: (slot) => where.has(slot) && matches.has(slot),
    forEach: (visit) => slots.forEach(visit),
  }
}

function planSets(indexed: Indexed, selection: AffinitySelection): Matches | undefined {
  const { dimensions, figures, keys, live } = indexed
  const every: Required[] = []
  if (selection.keys) every.push(new KeySlots(keys, selection.keys))
  for (const [dimension, values] of Object.entries(selection.all ?? {}))
    if (values) every.push(new Disjunction(dimensions, { [dimension]: values }))
  for (const sets of selection.any ?? []) every.push(new Disjunction(dimensions, sets))
  for (const [figure, range] of Object.entries(selection.ranges ?? {}))
    every.push(new FigureRange(figures[figure as Figure], range))
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

/** A condition that must hold: on dimensions, on a figure, or on the key. */
type Required = Disjunction | FigureRange | KeySlots

const simple = (disjunction: Required): Matches => ({
  count: disjunction.total,
  has: (slot) => disjunction.has(slot),
  forEach: (visit) => disjunction.forEach(visit),
  addTo: (set) => disjunction.addTo(set),
})

function listed(smallest: Required, others: readonly Required[], excluded: Disjunction): Matches {
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

function combined({ live }: Indexed, required: readonly Required[], excluded: Disjunction): Bitmap {
  const [first, ...others] = required
  let result: Bitmap
  if (first !== undefined) {
    result = bitmapOf(first, live.limit)
  } else {
    result = new Bitmap(live.limit)
    result.union(live)
  }
  for (const disjunction of others) result.intersect(bitmapOf(disjunction, live.limit))
  if (excluded.total > 0) result.subtract(bitmapOf(excluded, live.limit))
  return result
}

/** Builds a new bitmap of the slots. */
function bitmapOf(condition: Required, limit: number): Bitmap {
  const set = new Bitmap(limit)
  condition.addTo(set)
  return set
}

/** A set of slots, which may be computed when it is read. `forEach` visits each slot once. */
export interface Matches {
  readonly count: number
  has(slot: number): boolean
  forEach(visit: (slot: number) => void): void
  /** Adds all slots to a bitmap, where that is faster than one after the other. */
  addTo?(set: Bitmap): void
}

export type PostingsByDimension = Readonly<Record<CommonDimension, Postings> & Record<string, DimensionIndex>>

/** Equal to no id, and not to -1, which stands for a slot without a value. */
const NO_ID = -2

/** The slots that hold one of several values in one dimension. */
class Term {
  readonly postings: DimensionIndex
  readonly ids: readonly number[]
  /** The exact number of slots, since a record has one value in a dimension. */
  readonly count: number
  /** The id of the value if there is exactly one; otherwise NO_ID. */
  readonly #only: number
  /** By id: 1 for the ids of several values. */
  readonly #marks: Uint8Array

  constructor(postings: DimensionIndex, values: ReadonlySet<string>) {
    this.postings = postings
    this.ids = idsOf(postings, values)
    this.count = this.ids.reduce((sum, id) => sum + postings.count(id), 0)
    this.#only = this.ids.length === 1 ? (this.ids[0] ?? NO_ID) : NO_ID
    this.#marks = new Uint8Array(this.ids.length > 1 ? postings.idLimit : 0)
    if (this.ids.length > 1) for (const id of this.ids) this.#marks[id] = 1
  }

  has(slot: number): boolean {
    const id = this.postings.idAt(slot)
    return id === this.#only || this.#marks[id] === 1
  }
}

/** A disjunction of terms: the slots that hold, in at least one of several dimensions, one of the values given for it. */
export class Disjunction {
  readonly #terms: Term[] = []
  /** An upper bound of the number of slots; exact if `isSimple`. */
  readonly total: number

  constructor(dimensions: PostingsByDimension, sets: DimensionSets) {
    for (const [dimension, values] of Object.entries(sets)) {
      const postings = dimensions[dimension]
      const term = postings && values && new Term(postings, values)
      if (term && term.count > 0) this.#terms.push(term)
    }
    this.total = this.#terms.reduce((sum, term) => sum + term.count, 0)
  }

  /** Whether there is at most one term, so that no slot is counted twice. */
  get isSimple(): boolean {
    return this.#terms.length <= 1
  }

  /** Checks whether one term alone contains all records, of which there are so many. */
  covers(records: number): boolean {
    return this.#terms.some((term) => term.count === records)
  }

  has(slot: number): boolean {
    for (const term of this.#terms) if (term.has(slot)) return true
    return false
  }

  /** Visits each slot once: a term skips the slots of earlier terms. */
  forEach(visit: (slot: number) => void): void {
    const earlier: Term[] = []
    for (const term of this.#terms) {
      for (const id of term.ids) {
        term.postings.forEach(
          id,
          earlier.length === 0
            ? visit
            : (slot) => {
                if (!earlier.some((other) => other.has(slot))) visit(slot)
              },
        )
      }
      earlier.push(term)
    }
  }

  /** The existing bitmap of the slots, if there is only one value and it has many slots. */
  get postingBitmap(): Bitmap | undefined {
    const [term, ...others] = this.#terms
    const [id, ...otherIds] = term?.ids ?? []
    if (term === undefined || id === undefined || others.length + otherIds.length > 0) return undefined
    return term.postings.bitmapOf(id)
  }

  addTo(set: Bitmap): void {
    for (const term of this.#terms) {
      for (const id of term.ids) term.postings.addSlotsTo(set, id)
    }
  }
}
