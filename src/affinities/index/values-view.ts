import type { Postings } from './postings.js'

/**
 * The values of a dimension as a set, without copying them: with a value for each of 100,000 API keys a copy would
 * block for some 10 ms. It follows the index, so a value may come or go between two looks.
 */
export class ValuesView implements ReadonlySet<string> {
  readonly #postings: () => Postings

  constructor(postings: () => Postings) {
    this.#postings = postings
  }

  get size(): number {
    return this.#postings().size
  }

  has(value: string): boolean {
    return this.#postings().idOf(value) >= 0
  }

  /** As of any set, and for all of 100,000 values several times faster than a loop. */
  forEach(visit: (value: string, same: string, set: ReadonlySet<string>) => void, thisArg?: unknown): void {
    this.#postings().forEachValue((value) => visit.call(thisArg, value, value, this))
  }

  *values(): Generator<string, undefined, unknown> {
    const postings = this.#postings()
    for (const id of postings.ids()) yield postings.valueOf(id)
    return undefined
  }

  *entries(): Generator<[string, string], undefined, unknown> {
    for (const value of this) yield [value, value]
    return undefined
  }

  keys(): Generator<string, undefined, unknown> {
    return this.values()
  }

  [Symbol.iterator](): Generator<string, undefined, unknown> {
    return this.values()
  }
}
