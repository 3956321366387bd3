import { type AffinityPosition, comparePositions } from '../affinity-reader.js'
import type { Float64Rows } from './columns.js'
import { RankedList } from './ranked-list.js'

/** A number for each slot, and the slots in the order of those numbers, ties by the sort text of the key. */
export class OrderedColumn {
  readonly sorted: RankedList
  readonly #values: Float64Rows
  readonly #field: number
  readonly #sortKeyOf: (slot: number) => string

  /** @param values By slot, the numbers of all orders. @param field Which of them is this one's. */
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
    this.note(slot, value)
    this.sorted.insert(value, slot)
  }

  /** Keeps a slot's number, and leaves the order as it is: for a table that is put in order when it is full. */
  note(slot: number, value: number): void {
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

  /** Negative where a slot sorts before a position, 0 where it has it, positive where it sorts after. */
  compare(slot: number, position: AffinityPosition): number {
    return comparePositions({ value: this.valueAt(slot), key: this.#sortKeyOf(slot) }, position)
  }

  sortsBefore(a: number, b: number): boolean {
    const difference = this.valueAt(a) - this.valueAt(b)
    return difference < 0 || (difference === 0 && this.#sortKeyOf(a) < this.#sortKeyOf(b))
  }
}
