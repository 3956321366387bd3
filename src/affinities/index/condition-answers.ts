import type { Asked } from '../affinity-selection.js'
import type { PostingsByDimension } from './plan-selection.js'
import type { DimensionIndex } from './postings.js'

/**
 * The answers of a condition, or the classes, of the records in slots. Records with the same values share an answer: each value has a
 * number, and a chain of pairs makes one number of all values of a record.
 */
export class ConditionAnswers {
  readonly #ask: (values: readonly (string | undefined)[]) => number
  readonly #numbers: readonly ValueNumbers[]
  readonly #pairs = new PairTable()
  /** By the number of all values: 0 for not asked yet, otherwise one more than the answer. */
  #answers = new Uint16Array(1_024)

  /** @param ask answers about the values of the dimensions with a whole number, 0 to 65,533 */
  constructor(
    { dimensions, likeness }: Asked,
    postings: PostingsByDimension,
    ask: (values: readonly (string | undefined)[]) => number,
  ) {
    this.#ask = ask
    this.#numbers = dimensions.map(
      (dimension) => new ValueNumbers(postings[dimension], likeness?.[dimension]),
    )
  }

  at(slot: number): number {
    let all = 0
    for (const numbers of this.#numbers) all = this.#pairs.numberOf(all, numbers.at(slot))
    if (all >= this.#answers.length) {
      const answers = new Uint16Array(2 * (all + 1))
      answers.set(this.#answers)
      this.#answers = answers
    }
    if (this.#answers[all] === 0) {
      const values = this.#numbers.map((numbers) => numbers.valueAt(slot))
      this.#answers[all] = 1 + this.#ask(values)
    }
    return (this.#answers[all] ?? 1) - 1
  }
}

/** Numbers the values of a dimension by what they are. The ids of postings will not do: one is used again for another value. */
class ValueNumbers {
  readonly #postings: DimensionIndex | undefined
  readonly #likeness: ((value: string) => number) | undefined
  readonly #numbers = new Map<string, number>()
  /** By id: the value that the id stood for, and its number. */
  readonly #values: (string | undefined)[] = []
  readonly #known: number[] = []

  constructor(postings: DimensionIndex | undefined, likeness: ((value: string) => number) | undefined) {
    this.#postings = postings
    this.#likeness = likeness
  }

  /** A number of 1 or more; 0 for a slot without a value. */
  at(slot: number): number {
    const postings = this.#postings
    if (!postings?.hasValueAt(slot)) return 0
    const id = postings.idAt(slot)
    const value = postings.valueOf(id)
    if (this.#values[id] === value) return this.#known[id] ?? 0
    const number = 1 + (this.#likeness?.(value) ?? this.#numberOf(value))
    this.#values[id] = value
    this.#known[id] = number
    return number
  }

  valueAt(slot: number): string | undefined {
    return this.#postings?.hasValueAt(slot) ? this.#postings.valueAt(slot) : undefined
  }

  #numberOf(value: string): number {
    const known = this.#numbers.get(value)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(value, number)
    return number
  }
}

/** Numbers pairs of whole numbers, from 1 on: an open-addressing hash table with linear probing, at most half full. */
class PairTable {
  #size = 0
  #mask = 1_023
  /** Three entries a place: both numbers, and the number of the pair; 0 for an empty place. */
  #table = new Int32Array(3 * (this.#mask + 1))

  numberOf(a: number, b: number): number {
    const table = this.#table
    let place = this.#placeOf(a, b)
    for (;;) {
      const number = table[3 * place + 2] ?? 0
      if (number === 0) return this.#add(place, a, b)
      if (table[3 * place] === a && table[3 * place + 1] === b) return number
      place = (place + 1) & this.#mask
    }
  }

  #placeOf(a: number, b: number): number {
    const hash = Math.imul(a, 0x9e37_79b1) ^ Math.imul(b + 0x7f4a, 0x85eb_ca6b)
    return (hash ^ (hash >>> 15)) & this.#mask
  }

  #add(place: number, a: number, b: number): number {
    this.#size += 1
    this.#table.set([a, b, this.#size], 3 * place)
    const number = this.#size
    if (2 * this.#size > this.#mask) this.#grow()
    return number
  }

  #grow(): void {
    const old = this.#table
    this.#mask = 2 * this.#mask + 1
    this.#table = new Int32Array(3 * (this.#mask + 1))
    for (let at = 0; at < old.length; at += 3) {
      const [a = 0, b = 0, number = 0] = old.subarray(at, at + 3)
      if (number === 0) continue
      let place = this.#placeOf(a, b)
      while (this.#table[3 * place + 2] !== 0) place = (place + 1) & this.#mask
      this.#table.set([a, b, number], 3 * place)
    }
  }
}
