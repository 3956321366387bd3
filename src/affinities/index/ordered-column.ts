import { type AffinityPosition, comparePositions } from '../affinity-reader.js'
import type { Float64Rows } from './columns.js'
import { RankedList } from './ranked-list.js'

type Numbers = Pick<Float64Rows, 'get' | 'set'>

/** A column of one number for each slot, and the slots ordered by that number. The key's sort text breaks ties. */
export class OrderedColumn {
  readonly sorted: RankedList
  readonly #values: Numbers
  readonly #field: number
  readonly #sortKeyOf: (slot: number) => string

  /**
   * @param values the numbers of all ordered columns, by slot
   * @param field the field of `values` that belongs to this column
   */
  constructor(
    values: Numbers,
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
    const [first, second] = [this.valueAt(a), this.valueAt(b)]
    return first < second || (first === second && this.#sortKeyOf(a) < this.#sortKeyOf(b))
  }
}

/** The number of each slot in an order of keys alone. */
export const SAME = 0
export const SAME_NUMBERS: Numbers = { get: () => SAME, set: () => undefined }

/** The number of characters in a key head, one byte each, and the greatest value of a byte. */
const CHARACTERS = 6
const LAST = 255
const HEADS = 2 ** (8 * CHARACTERS)

/**
 * Creates a function that returns the head of a key: a number that sorts like the key's first characters, so that of two
 * keys the smaller one never has the greater head (abbreviated keys). Most comparisons then need two numbers, and not two
 * strings, which cost a cache miss each and begin with the same prefix.
 *
 * A head encodes which prefix the key has, and the six characters after it. Characters after the first one beyond Latin-1
 * are ignored.
 * @param roots the prefixes, ascending; none is the beginning of another; at most 15
 */
export function createKeyHead(roots: readonly string[]): (key: string) => number {
  if (roots.length > 15) throw new RangeError('A head has room for 15 prefixes.')
  return (key) => {
    for (let place = 0; place < roots.length; place++) {
      const root = roots[place] ?? ''
      if (key.startsWith(root)) return (2 * place + 1) * HEADS + charactersOf(key, root.length)
      if (key < root) return 2 * place * HEADS
    }
    return 2 * roots.length * HEADS
  }
}

function charactersOf(key: string, start: number): number {
  let head = 0
  let exact = true
  for (let place = 0; place < CHARACTERS; place++) {
    const at = start + place
    const code: number = exact && at < key.length ? key.charCodeAt(at) : 0
    exact &&= code < LAST
    head = head * 256 + Math.min(code, LAST)
  }
  return head
}
