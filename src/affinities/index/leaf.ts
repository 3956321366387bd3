/** The entries that fit in a leaf. An insertion moves half of them on average: 3 KB, some 100 ns. */
export const LEAF_ROOM = 256

const VALUE = 0
const HEAD = 1
const SLOT = 2
const FIELDS = 3

/**
 * A leaf of a RankedList: sorted entries, each with a value, a key head and a slot. They lie together in one typed array,
 * so that a search stays in one block of memory, and moving entries is one call.
 */
export class Leaf {
  readonly #entries = new Float64Array(LEAF_ROOM * FIELDS)
  #size = 0

  get size(): number {
    return this.#size
  }

  value(place: number): number {
    return this.#entries[place * FIELDS + VALUE] ?? 0
  }

  head(place: number): number {
    return this.#entries[place * FIELDS + HEAD] ?? 0
  }

  slot(place: number): number {
    return this.#entries[place * FIELDS + SLOT] ?? 0
  }

  insert(place: number, value: number, head: number, slot: number): void {
    const at = place * FIELDS
    if (place < this.#size) this.#entries.copyWithin(at + FIELDS, at, this.#size * FIELDS)
    this.#entries[at + VALUE] = value
    this.#entries[at + HEAD] = head
    this.#entries[at + SLOT] = slot
    this.#size++
  }

  /** Adds an entry that sorts after all others. The leaf must have room. */
  append(value: number, head: number, slot: number): void {
    const at = this.#size * FIELDS
    this.#entries[at + VALUE] = value
    this.#entries[at + HEAD] = head
    this.#entries[at + SLOT] = slot
    this.#size++
  }

  delete(place: number): void {
    this.#entries.copyWithin(place * FIELDS, (place + 1) * FIELDS, this.#size * FIELDS)
    this.#size--
  }

  /** Moves all entries from a place on to the end of another leaf. */
  moveTo(other: Leaf, place: number): void {
    other.#entries.set(this.#entries.subarray(place * FIELDS, this.#size * FIELDS), other.#size * FIELDS)
    other.#size += this.#size - place
    this.#size = place
  }
}
