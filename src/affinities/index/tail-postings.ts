import { containing } from '../../util/text.js'
import type { Bitmap } from './bitmap.js'
import { Int32Rows } from './columns.js'
import { hashOf, IdTable } from './id-table.js'
import type { DimensionIndex } from './postings.js'

/** Stands for the id of a slot that has no value in this dimension, and for the end of a list. */
const NONE = -1

const FIRST = 0
const COUNT = 1
const NEXT = 0
const PREVIOUS = 1

/**
 * The inverted index of a dimension whose values are the ends of keys, such as the hashes of sessions: nearly every record has
 * a value of its own. No text is stored, since the key of a slot holds it: a value costs 20 to 30 bytes, a tenth of what
 * `Postings` needs for it. The slots of a value form a doubly linked list.
 */
export class TailPostings implements DimensionIndex {
  readonly #keyOf: (slot: number) => string
  readonly #length: number
  readonly #valueIds: Int32Rows
  readonly #dimension: number
  /** By id: the first slot of the value, and the number of its slots. */
  readonly #values = new Int32Rows(2)
  /**
   * By slot: the next and the previous slot with the same value, plus one; 0 is none. So thousands of slots in a row whose values
   * are theirs alone need no memory here.
   */
  readonly #links = new Int32Rows(2)
  readonly #table = new IdTable((id) => this.valueOf(id))
  readonly #free: number[] = []
  #limit = 0
  #addedCount = 0

  /**
   * @param keyOf returns the key of a slot
   * @param length the characters at the end of a key that are the value
   * @param valueIds the ids of the values in all dimensions, by slot
   * @param dimension the field of `valueIds` that belongs to this dimension
   */
  constructor(keyOf: (slot: number) => string, length: number, valueIds: Int32Rows, dimension: number) {
    this.#keyOf = keyOf
    this.#length = length
    this.#valueIds = valueIds
    this.#dimension = dimension
  }

  get size(): number {
    return this.#limit - this.#free.length
  }

  get idLimit(): number {
    return this.#limit
  }

  get addedCount(): number {
    return this.#addedCount
  }

  /** Not kept: nearly every record adds a value. */
  addedSince(): undefined {
    return undefined
  }

  idOf(value: string): number {
    return this.#table.find(value)
  }

  *ids(): Generator<number, void, undefined> {
    for (let id = 0; id < this.#limit; id++) if (this.count(id) > 0) yield id
  }

  valueOf(id: number): string {
    return this.valueAt(this.#values.get(id, FIRST))
  }

  forEachValue(visit: (value: string) => void): void {
    for (let id = 0; id < this.#limit; id++) if (this.count(id) > 0) visit(this.valueOf(id))
  }

  valuesContaining(text: string): string[] {
    const holds = containing(text)
    const found: string[] = []
    this.forEachValue((value) => {
      if (holds(value)) found.push(value)
    })
    return found
  }

  idAt(slot: number): number {
    return this.#valueIds.get(slot, this.#dimension)
  }

  idsAt(slots: Int32Array, ids: Int32Array): void {
    this.#valueIds.readMany(slots, this.#dimension, ids)
  }

  hasValueAt(slot: number): boolean {
    return this.idAt(slot) !== NONE
  }

  isValueAt(slot: number, value: string | undefined): boolean {
    return this.hasValueAt(slot) ? this.valueAt(slot) === value : value === undefined
  }

  valueAt(slot: number): string {
    return this.#keyOf(slot).slice(-this.#length)
  }

  count(id: number): number {
    return this.#values.get(id, COUNT)
  }

  forEach(id: number, visit: (slot: number) => void): void {
    if (this.count(id) === 0) return
    for (let slot = this.#values.get(id, FIRST); slot !== NONE; slot = this.#linkOf(slot, NEXT)) visit(slot)
  }

  bitmapOf(): undefined {
    return undefined
  }

  addSlotsTo(set: Bitmap, id: number): void {
    this.forEach(id, (slot) => set.add(slot))
  }

  add(slot: number, value: string | undefined): void {
    this.assign(slot, value)
  }

  /** @throws RangeError if the value is not the end of the slot's key */
  assign(slot: number, value: string | undefined): void {
    if (value === undefined) {
      this.#valueIds.set(slot, this.#dimension, NONE)
      return
    }
    if (this.valueAt(slot) !== value) throw new RangeError('A value is not the end of its key.')
    const hash = hashOf(value)
    const known = this.#table.find(value, hash)
    const id = known === NONE ? (this.#free.pop() ?? this.#limit++) : known
    const next = known === NONE ? NONE : this.#values.get(id, FIRST)
    this.#link(slot, NEXT, next)
    this.#link(slot, PREVIOUS, NONE)
    if (next !== NONE) this.#link(next, PREVIOUS, slot)
    this.#values.set(id, FIRST, slot)
    this.#values.set(id, COUNT, next === NONE ? 1 : this.count(id) + 1)
    this.#valueIds.set(slot, this.#dimension, id)
    if (known !== NONE) return
    this.#table.insert(id, value, hash)
    this.#addedCount += 1
  }

  #linkOf(slot: number, field: number): number {
    return this.#links.get(slot, field) - 1
  }

  #link(slot: number, field: number, other: number): void {
    if (this.#linkOf(slot, field) !== other) this.#links.set(slot, field, other + 1)
  }

  reassign(slot: number, value: string | undefined): void {
    this.remove(slot)
    this.assign(slot, value)
  }

  /** Does nothing: a slot is in its list as soon as it is assigned a value. */
  post(): void {}

  async postAll(): Promise<void> {}

  remove(slot: number): void {
    const id = this.idAt(slot)
    if (id === NONE) return
    if (this.count(id) === 1) {
      this.#table.delete(id, this.valueAt(slot))
      this.#free.push(id)
    }
    const [next, previous] = [this.#linkOf(slot, NEXT), this.#linkOf(slot, PREVIOUS)]
    if (next !== NONE) this.#link(next, PREVIOUS, previous)
    if (previous !== NONE) this.#link(previous, NEXT, next)
    else this.#values.set(id, FIRST, next)
    this.#values.set(id, COUNT, this.count(id) - 1)
  }
}
