import type { CommonDimension } from '../affinity-record.js'
import type { DimensionSets } from '../affinity-selection.js'
import { Bitmap } from './bitmap.js'
import type { Postings } from './postings.js'

/** Some slots, not necessarily enumerated: each can be asked for, counted and visited once. */
export interface Matches {
  readonly count: number
  has(slot: number): boolean
  forEach(visit: (slot: number) => void): void
}

export type PostingsByDimension = Readonly<Record<CommonDimension, Postings> & Record<string, Postings>>

/** No id of a value, nor what stands for none. */
const NOT_ONE = -2

/** Slots whose value in one dimension is one of several. */
class Term {
  readonly postings: Postings
  readonly ids: readonly number[]
  /** Records in it, exact: a record has one value a dimension. */
  readonly count: number
  readonly #only: number
  readonly #marks: Uint8Array

  constructor(postings: Postings, values: ReadonlySet<string>) {
    this.postings = postings
    this.ids = idsOf(postings, values)
    this.count = this.ids.reduce((sum, id) => sum + postings.count(id), 0)
    this.#only = this.ids.length === 1 ? (this.ids[0] ?? NOT_ONE) : NOT_ONE
    this.#marks = new Uint8Array(this.ids.length > 1 ? postings.idLimit : 0)
    if (this.ids.length > 1) for (const id of this.ids) this.#marks[id] = 1
  }

  has(slot: number): boolean {
    const id = this.postings.idAt(slot)
    return id === this.#only || this.#marks[id] === 1
  }
}

/** The ids of the values that records hold, found from the smaller side. */
function idsOf(postings: Postings, values: ReadonlySet<string>): number[] {
  const ids: number[] = []
  if (values.size <= postings.size) {
    for (const value of values) {
      const id = postings.idOf(value)
      if (id >= 0) ids.push(id)
    }
  } else {
    for (const id of postings.ids()) if (values.has(postings.valueOf(id))) ids.push(id)
  }
  return ids
}

/** Slots that hold, in at least one of its dimensions, one of the values named for it. */
export class Disjunction {
  readonly #terms: Term[] = []
  /** An upper bound of the slots in it; exact where `isSimple`. */
  readonly total: number

  constructor(dimensions: PostingsByDimension, sets: DimensionSets) {
    for (const [dimension, values] of Object.entries(sets)) {
      const postings = dimensions[dimension]
      const term = postings && values && new Term(postings, values)
      if (term && term.count > 0) this.#terms.push(term)
    }
    this.total = this.#terms.reduce((sum, term) => sum + term.count, 0)
  }

  /** It speaks of one dimension, so no record is in it twice. */
  get isSimple(): boolean {
    return this.#terms.length <= 1
  }

  /** One dimension alone takes in all of so many records. */
  covers(records: number): boolean {
    return this.#terms.some((term) => term.count === records)
  }

  has(slot: number): boolean {
    for (const term of this.#terms) if (term.has(slot)) return true
    return false
  }

  /** Each slot once: a term leaves out what an earlier one holds. */
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

  /** The set that is kept of its slots, where it speaks of one value with many. */
  get kept(): Bitmap | undefined {
    const [term, ...others] = this.#terms
    const [id, ...otherIds] = term?.ids ?? []
    if (term === undefined || id === undefined || others.length + otherIds.length > 0) return undefined
    return term.postings.bitmapOf(id)
  }

  /** A new set of its slots. */
  toBitmap(limit: number): Bitmap {
    const set = new Bitmap(limit)
    for (const term of this.#terms) {
      for (const id of term.ids) term.postings.joinInto(set, id)
    }
    return set
  }
}
