import { containing, foldedText } from '../../util/text.js'
import type { TimeSlice } from '../../util/time-slice.js'
import { Bitmap } from './bitmap.js'
import { Int32Rows, type NarrowRows, ObjectColumn } from './columns.js'
import { Alphabet, StringTable } from './string-table.js'

/**
 * The posting list of one value: the slots that hold it. For few slots it is an unordered array; a column holds the place
 * of each slot in its array, so that a removal takes one step. For many slots it is a bitmap, which is then smaller and
 * combines fast.
 */
type Posting = number[] | Bitmap

/** An array entry takes 64 bits, a bitmap one bit for each slot: beyond one slot in 64 the bitmap is smaller. */
const SLOTS_PER_ENTRY = 64
const SMALLEST_BITMAP = 1024
/** Up to this length an array is copied when it grows, and takes no more room than it needs. */
const SHORT_LIST = 12
/** A bitmap becomes an array again at a quarter of the size at which it became a bitmap, so that it does not flip often. */
const HYSTERESIS = 4

/** Stands for the id of a slot that has no value in this dimension. */
const NO_VALUE = -1

/** The inverted index of one dimension: the value of each slot, and the slots of each value. A value has a small integer id. */
export type DimensionIndex = {
  readonly [Member in keyof Postings]: Postings[Member]
}

/** The latest values of which is known that they were added. */
const ADDED_KEPT = 4_096

/** Stores each value once, and the posting list of each value. */
export class Postings {
  readonly #values = new StringTable()
  /** The characters of all values that were ever added. */
  readonly #alphabet = new Alphabet()
  readonly #postings = new ObjectColumn<Posting>()
  /** The number of records of each value. */
  readonly #counts = new Int32Rows(1)
  readonly #valueIds: Int32Rows | NarrowRows
  readonly #dimension: number
  /** The place of each slot in its array. */
  readonly #places = new Int32Rows(1)
  /** All slots in use are below it. */
  #slotLimit = 0
  /** The ids of the values that were added last, as a ring. */
  readonly #added: number[] = []
  #addedCount = 0

  /**
   * @param valueIds the ids of the values in all dimensions, by slot
   * @param dimension the field of `valueIds` that belongs to this dimension
   */
  constructor(valueIds: Int32Rows | NarrowRows, dimension: number) {
    this.#valueIds = valueIds
    this.#dimension = dimension
  }

  /** The number of distinct values that records hold. */
  get size(): number {
    return this.#values.size
  }

  /** All value ids are below it. */
  get idLimit(): number {
    return this.#values.limit
  }

  /** How often a value was added that no record held. While it stays the same, the id of each value in use does. */
  get addedCount(): number {
    return this.#addedCount
  }

  /** Returns the ids of the values that were added since `addedCount` was this; undefined if that is too long ago. */
  addedSince(count: number): number[] | undefined {
    const added = this.#addedCount - count
    if (added > ADDED_KEPT) return undefined
    return Array.from({ length: added }, (_, index) => this.#added[(count + index) % ADDED_KEPT] ?? 0)
  }

  /** Returns the id of a value, or -1 if no record holds it. */
  idOf(value: string): number {
    return this.#values.find(value)
  }

  ids(): Iterable<number> {
    return this.#values.ids()
  }

  valueOf(id: number): string {
    return this.#values.textOf(id)
  }

  /** Visits each value that a record holds, in no order. Nothing may change meanwhile. */
  forEachValue(visit: (value: string) => void): void {
    this.#values.forEachText(visit)
  }

  /** Returns the values that contain a text, without regard to case. */
  valuesContaining(text: string): string[] {
    const wanted = foldedText(text)
    if (!this.#alphabet.canSpell(wanted)) return []
    const holds = this.#alphabet.isFolded ? (value: string) => value.includes(wanted) : containing(text)
    const found: string[] = []
    this.#values.forEachText((value) => {
      if (holds(value)) found.push(value)
    })
    return found
  }

  idAt(slot: number): number {
    return this.#valueIds.get(slot, this.#dimension)
  }

  /** Reads the ids at many slots, several times faster than one by one; -1 for a slot without a value. */
  idsAt(slots: Int32Array, ids: Int32Array): void {
    this.#valueIds.readMany(slots, this.#dimension, ids)
  }

  /** Checks whether a slot has a value; it has none if its record's key family does not have this dimension. */
  hasValueAt(slot: number): boolean {
    return this.idAt(slot) !== NO_VALUE
  }

  /** Checks whether a slot holds this value; for undefined, whether it holds none. */
  isValueAt(slot: number, value: string | undefined): boolean {
    const id = this.idAt(slot)
    return id === NO_VALUE ? value === undefined : value !== undefined && this.#values.isText(id, value)
  }

  valueAt(slot: number): string {
    return this.#values.textOf(this.#valueIds.get(slot, this.#dimension))
  }

  /** Returns the number of records that hold a value. */
  count(id: number): number {
    return this.#counts.get(id, 0)
  }

  /** Visits each slot that holds a value, in no order. Nothing may change meanwhile. */
  forEach(id: number, visit: (slot: number) => void): void {
    const posting = this.#postings.get(id)
    if (posting === undefined) return
    if (posting instanceof Bitmap) posting.forEach(visit)
    else for (const slot of posting) visit(slot)
  }

  /** Returns the posting list of a value if it is a bitmap. It must only be read. */
  bitmapOf(id: number): Bitmap | undefined {
    const posting = this.#postings.get(id)
    return posting instanceof Bitmap ? posting : undefined
  }

  /** Adds the slots of a value to a bitmap. */
  addSlotsTo(set: Bitmap, id: number): void {
    const posting = this.#postings.get(id)
    if (posting instanceof Bitmap) set.union(posting)
    else for (const slot of posting ?? []) set.add(slot)
  }

  add(slot: number, value: string | undefined): void {
    this.assign(slot, value)
    this.post(slot)
  }

  /**
   * Stores a slot's value without adding the slot to a posting list: for a bulk load. `postAll` must follow, and until then
   * no posting list may be read.
   * @param guess the id that the value probably has: comparing two texts is cheaper than looking one up
   */
  assign(slot: number, value: string | undefined, guess = -1): void {
    if (slot >= this.#slotLimit) this.#slotLimit = slot + 1
    if (value === undefined) {
      this.#valueIds.set(slot, this.#dimension, NO_VALUE)
      return
    }
    const id = guess >= 0 && this.#values.isText(guess, value) ? guess : this.#findOrAdd(value)
    this.#valueIds.set(slot, this.#dimension, id)
    this.#counts.set(id, 0, this.count(id) + 1)
  }

  #findOrAdd(value: string): number {
    const before = this.#values.size
    const id = this.#values.findOrAdd(value)
    if (this.#values.size > before) {
      this.#alphabet.add(value)
      this.#added[this.#addedCount++ % ADDED_KEPT] = id
    }
    return id
  }

  /** Replaces the value of a slot that was assigned one and is in no posting list yet. */
  reassign(slot: number, value: string | undefined): void {
    if (this.hasValueAt(slot)) this.#releaseValue(this.idAt(slot))
    this.assign(slot, value)
  }

  /** Adds every slot to its posting list. Since all counts are known now, each list is created in its final form. */
  async postAll(slice: TimeSlice): Promise<void> {
    await slice.blocks(this.#slotLimit, (start, end) => {
      for (let slot = start; slot < end; slot++) this.post(slot)
    })
  }

  /** Adds a slot with an assigned value to its posting list. */
  post(slot: number): void {
    const id = this.idAt(slot)
    if (id === NO_VALUE) return
    let posting = this.#postings.get(id)
    if (posting === undefined) {
      posting = this.count(id) > this.#listLimit() ? new Bitmap(this.#slotLimit) : []
      this.#postings.set(id, posting)
    }
    if (posting instanceof Bitmap) {
      posting.add(slot)
    } else {
      this.#places.set(slot, 0, posting.length)
      // V8 gives an array that grows room for 17 entries at once, and most API keys have fewer affinities.
      if (posting.length < SHORT_LIST) {
        posting = [...posting, slot]
        this.#postings.set(id, posting)
      } else posting.push(slot)
      if (posting.length > this.#listLimit()) this.#postings.set(id, this.#toBitmap(posting))
    }
  }

  remove(slot: number): void {
    const id = this.idAt(slot)
    if (id === NO_VALUE) return
    const posting = this.#postings.get(id)
    if (posting === undefined) throw new RangeError(`Slot ${slot} holds no value.`)
    if (posting instanceof Bitmap) {
      posting.delete(slot)
      if (posting.count * HYSTERESIS < this.#listLimit()) this.#postings.set(id, this.#toList(posting))
    } else {
      const last = posting.pop()
      if (last !== undefined && last !== slot) {
        const place = this.#places.get(slot, 0)
        posting[place] = last
        this.#places.set(last, 0, place)
      }
    }
    this.#releaseValue(id)
  }

  /** Counts one record fewer for a value. A value without records is removed. */
  #releaseValue(id: number): void {
    const left = this.count(id) - 1
    this.#counts.set(id, 0, left)
    if (left > 0) return
    this.#postings.set(id, undefined)
    this.#values.remove(id)
  }

  #listLimit(): number {
    return Math.max(SMALLEST_BITMAP, this.#slotLimit / SLOTS_PER_ENTRY)
  }

  #toBitmap(list: readonly number[]): Bitmap {
    const bitmap = new Bitmap(this.#slotLimit)
    for (const slot of list) bitmap.add(slot)
    return bitmap
  }

  #toList(bitmap: Bitmap): number[] {
    const list: number[] = []
    bitmap.forEach((slot) => {
      this.#places.set(slot, 0, list.push(slot) - 1)
    })
    return list
  }
}
