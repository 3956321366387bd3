import type { RecordNames } from '../record-names.js'
import type { Postings } from './postings.js'

/** The values that have come since the names of a dimension were read: they are without a name until these are read again. */
export class UnnamedValues {
  readonly #postings: Postings
  readonly #names: RecordNames
  readonly #found = new Set<string>()
  /** How many values had been added when it looked last; undefined before its first look. */
  #seen: number | undefined

  constructor(postings: Postings, names: RecordNames) {
    this.#postings = postings
    this.#names = names
  }

  /** Some of them may have gone meanwhile. The first look visits each value, later ones only those that are new. */
  values(): ReadonlySet<string> {
    const postings = this.#postings
    const added = this.#seen === undefined ? undefined : postings.addedSince(this.#seen)
    this.#seen = postings.addedCount
    if (added === undefined) postings.forEachValue((value) => this.#look(value))
    else for (const id of added) if (postings.count(id) > 0) this.#look(postings.valueOf(id))
    return this.#found
  }

  #look(value: string): void {
    if (!this.#names.has(value)) this.#found.add(value)
  }
}
