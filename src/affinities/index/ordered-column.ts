import { type AffinityPosition, comparePositions } from '../affinity-reader.js'
import type { Float64Rows } from './columns.js'
import { RankedList } from './ranked-list.js'

/** A column of one number for each slot, and the slots ordered by that number. The key's sort text breaks ties. */
export class OrderedColumn {
  readonly sorted: RankedList
  readonly #values: Float64Rows
  readonly #field: number
  readonly #sortKeyOf: (slot: number) => string

  /**
   * @param values the numbers of all ordered columns, by slot
   * @param field the field of `values` that belongs to this column
   */
  constructor(
    values: Float64Rows,
    field: number,
    sortKeyOf: (slot: number) => string,
    headOf: (key: string) => number,
  ) {
    this.#values = values
    this.#field = field
    this.#sortKeyOf = sortKeyOf
    this.sorted = new RankedList(sortKeyOf, headOf)
  }

  valueAt(slot: number): number {
    return this.#values.get(slot, this.#field)
  }

  insert(slot: number, value: number): void {
    this.assign(slot, value)
    this.sorted.insert(value, slot)
  }

  /** Stores a slot's number without sorting the slot in: for a bulk load, which sorts at its end. */
  assign(slot: number, value: number): void {
    this.#values.set(slot, this.#field, value)
  }

  move(slot: number, value: number): void {
    const before = this.valueAt(slot)
    if (before === value) return
    this.sorted.move(before, value, slot)
    this.#values.set(slot, this.#field, value)
  }

  delete(slot: number): void {
    this.sorted.delete(this.valueAt(slot), slot)
  }

  /** Returns a negative number if a slot sorts before a position, 0 if it has that position, otherwise a positive number. */
  compare(slot: number, position: AffinityPosition): number {
    return comparePositions({ value: this.valueAt(slot), key: this.#sortKeyOf(slot) }, position)
  }

  sortsBefore(a: number, b: number): boolean {
    const difference = this.valueAt(a) - this.valueAt(b)
    return difference < 0 || (difference === 0 && this.#sortKeyOf(a) < this.#sortKeyOf(b))
  }
}
