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
  /** For each of the slots that are asked about: the number of its values in the dimensions so far, and in one of them. */
  #all = new Int32Array(0)
  #one = new Int32Array(0)
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

  /** Writes the answer for each of these slots in use at the same place. */
  at(slots: Int32Array, answers: Uint16Array): void {
    const { length } = slots
    if (length > this.#all.length) [this.#all, this.#one] = [new Int32Array(length), new Int32Array(length)]
    const [all, one] = [this.#all.fill(0, 0, length), this.#one]
    // One dimension after the other, since such short loops are several times faster than one over all of them.
    for (const numbers of this.#numbers) {
      numbers.at(slots, one)
      this.#pairs.numberAll(all, one, length)
    }
    for (let index = 0; index < length; index += 1) {
      answers[index] = this.#answerOf(all[index] ?? 0, slots[index] ?? 0)
    }
  }

  /** @param all the number of all values of the record in the slot */
  #answerOf(all: number, slot: number): number {
    if (all >= this.#answers.length) {
      const answers = new Uint16Array(2 * (all + 1))
      answers.set(this.#answers)
      this.#answers = answers
    }
    const known = this.#answers[all] ?? 0
    if (known > 0) return known - 1
    const answer = this.#ask(this.#numbers.map((numbers) => numbers.valueAt(slot)))
    this.#answers[all] = 1 + answer
    return answer
  }
}

/** Numbers the values of a dimension by what they are. The ids of postings will not do: one is used again for another value. */
class ValueNumbers {
  readonly #postings: DimensionIndex | undefined
  readonly #likeness: ((value: string) => number) | undefined
  readonly #numbers = new Map<string, number>()
  /** By id: the number of its value; 0 if it is not known. */
  #known = new Int32Array(256)
  /** The values that had been added to the postings when these ids were known. */
  #addedCount = 0

  constructor(postings: DimensionIndex | undefined, likeness: ((value: string) => number) | undefined) {
    this.#postings = postings
    this.#likeness = likeness
  }

  /** Writes the number of each slot's value, 1 or more, at the same place; 0 for a slot without a value. */
  at(slots: Int32Array, numbers: Int32Array): void {
    const postings = this.#postings
    if (!postings) {
      numbers.fill(0, 0, slots.length)
      return
    }
    if (this.#addedCount !== postings.addedCount) this.#forgetAdded(postings)
    if (postings.idLimit > this.#known.length) {
      const known = new Int32Array(2 * postings.idLimit)
      known.set(this.#known)
      this.#known = known
    }
    postings.idsAt(slots, numbers)
    const known = this.#known
    for (let index = 0; index < slots.length; index += 1) {
      const id = numbers[index] ?? 0
      numbers[index] = id < 0 ? 0 : known[id] || this.#find(postings, id)
    }
  }

  valueAt(slot: number): string | undefined {
    return this.#postings?.hasValueAt(slot) ? this.#postings.valueAt(slot) : undefined
  }

  /** An id that was added may have stood for another value before. */
  #forgetAdded(postings: DimensionIndex): void {
    const added = postings.addedSince(this.#addedCount)
    this.#addedCount = postings.addedCount
    if (added === undefined) this.#known.fill(0)
    else for (const id of added) if (id < this.#known.length) this.#known[id] = 0
  }

  #find(postings: DimensionIndex, id: number): number {
    const value = postings.valueOf(id)
    const number = 1 + (this.#likeness?.(value) ?? this.#numberOf(value))
    this.#known[id] = number
    return number
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

  /** Replaces each of the first numbers by the number of its pair with the second at the same place. */
  numberAll(first: Int32Array, second: Int32Array, length: number): void {
    // Neighbours often agree: a dimension may have one value in all records.
    let [a, b, number] = [-1, -1, 0]
    for (let index = 0; index < length; index += 1) {
      const [nextA, nextB] = [first[index] ?? 0, second[index] ?? 0]
      if (nextA !== a || nextB !== b) {
        a = nextA
        b = nextB
        number = this.#numberOf(a, b)
      }
      first[index] = number
    }
  }

  #numberOf(a: number, b: number): number {
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
