import { containing, foldedText } from '../../util/text.js'
import type { TimeSlice } from '../../util/time-slice.js'
import { Alphabet } from './alphabet.js'
import { Bitmap } from './bitmap.js'
import { Int32Rows, ObjectColumn } from './columns.js'
import { StringTable } from './string-table.js'

/**
 * The slots that hold one value. A few: a list in no order, where each slot's place in it is kept in a column, so
 * that one leaves in a step. A good share of all: a bitmap, which is then smaller than the list, and combines fast.
 */
type Posting = number[] | Bitmap

/** A list entry takes 64 bits, a bitmap one bit a slot: beyond one in 64 the bitmap is smaller. */
const SLOTS_PER_ENTRY = 64
const SMALLEST_BITMAP = 1024
/** A bitmap turns back into a list at a quarter of the size that made it one, not to flutter at the border. */
const HYSTERESIS = 4

/** In the place of a value's id. */
const NO_VALUE = -1

/** One dimension of the index: each record's value, and for each value its records. */
export class Postings {
  readonly #values = new StringTable()
  /** The characters of all values that were ever in. */
  readonly #alphabet = new Alphabet()
  readonly #postings = new ObjectColumn<Posting>()
  /** Records that hold each value. */
  readonly #counts = new Int32Rows(1)
  readonly #valueIds: Int32Rows
  readonly #dimension: number
  readonly #places = new Int32Rows(1)
  /** All slots in use are below it. */
  #slotLimit = 0

  /** @param valueIds By slot, the ids of its values in all dimensions. @param dimension Which field of it is this one's. */
  constructor(valueIds: Int32Rows, dimension: number) {
    this.#valueIds = valueIds
    this.#dimension = dimension
  }

  /** Distinct values that records hold. */
  get size(): number {
    return this.#values.size
  }

  /** All value ids are below it. */
  get idLimit(): number {
    return this.#values.limit
  }

  /** The id of a value, or -1 where no record holds it. */
  idOf(value: string): number {
    return this.#values.find(value)
  }

  ids(): Iterable<number> {
    return this.#values.ids()
  }

  valueOf(id: number): string {
    return this.#values.textOf(id)
  }

  /** Each value that a record holds, in no order. Nothing may change meanwhile. */
  forEachValue(visit: (value: string) => void): void {
    this.#values.forEachText(visit)
  }

  /** The values that contain a text, whatever the case of either. */
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

  /** A record of a family that does not have this dimension holds no value in it. */
  hasValueAt(slot: number): boolean {
    return this.idAt(slot) !== NO_VALUE
  }

  /** Whether a slot holds this value; with undefined, none. */
  isValueAt(slot: number, value: string | undefined): boolean {
    const id = this.idAt(slot)
    return id === NO_VALUE ? value === undefined : value !== undefined && this.#values.isText(id, value)
  }

  valueAt(slot: number): string {
    return this.#values.textOf(this.#valueIds.get(slot, this.#dimension))
  }

  /** Records that hold a value. */
  count(id: number): number {
    return this.#counts.get(id, 0)
  }

  /** Each slot that holds a value, in no order. Nothing may change meanwhile. */
  forEach(id: number, visit: (slot: number) => void): void {
    const posting = this.#postings.get(id)
    if (posting === undefined) return
    if (posting instanceof Bitmap) posting.forEach(visit)
    else for (const slot of posting) visit(slot)
  }

  /** The slots of a value as a set to read, where they are many enough to be kept as one. */
  bitmapOf(id: number): Bitmap | undefined {
    const posting = this.#postings.get(id)
    return posting instanceof Bitmap ? posting : undefined
  }

  /** Adds a value's slots to a set. */
  joinInto(set: Bitmap, id: number): void {
    const posting = this.#postings.get(id)
    if (posting instanceof Bitmap) set.union(posting)
    else for (const slot of posting ?? []) set.add(slot)
  }

  add(slot: number, value: string | undefined): void {
    this.note(slot, value)
    this.enter(slot)
  }

  /**
   * Keeps a slot's value, and lists the slot nowhere yet: for a table that is filled at once. `enterAll` follows, and
   * until then no set of slots may be asked for.
   * @param guess The id that the value probably has: to compare two texts costs less than to find one.
   */
  note(slot: number, value: string | undefined, guess = -1): void {
    if (slot >= this.#slotLimit) this.#slotLimit = slot + 1
    if (value === undefined) {
      this.#valueIds.set(slot, this.#dimension, NO_VALUE)
      return
    }
    const known = guess >= 0 && this.#values.isText(guess, value) ? guess : this.#values.find(value)
    const id = known < 0 ? this.#addValue(value) : known
    this.#valueIds.set(slot, this.#dimension, id)
    this.#counts.set(id, 0, this.count(id) + 1)
  }

  #addValue(value: string): number {
    this.#alphabet.take(value)
    return this.#values.add(value)
  }

  /** Another value for a slot whose first one was noted. */
  noteAnew(slot: number, value: string | undefined): void {
    if (this.hasValueAt(slot)) this.#leave(this.idAt(slot))
    this.note(slot, value)
  }

  /** Lists every slot, all of which were noted: when the counts are known, each list is made once, in its final form. */
  async enterAll(slice: TimeSlice): Promise<void> {
    await slice.blocks(this.#slotLimit, (start, end) => {
      for (let slot = start; slot < end; slot++) this.enter(slot)
    })
  }

  /** Lists a slot whose value was noted. */
  enter(slot: number): void {
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
      this.#places.set(slot, 0, posting.push(slot) - 1)
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
    this.#leave(id)
  }

  /** One record fewer holds a value; the last one takes it along. */
  #leave(id: number): void {
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
