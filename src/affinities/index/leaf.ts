/** The entries that fit in a leaf. An insertion moves half of them on average: 3 KB, some 100 ns. */
export const LEAF_ROOM = 256

const VALUE = 0
const HEAD = 1
const FIELDS = 2

/**
 * A leaf of a RankedList: sorted entries, each with a value, a key head and a slot. Values and heads lie together in one typed
 * array, so that a search stays in one block of memory, and moving entries is two calls.
 */
export class Leaf {
  readonly #entries = new Float64Array(LEAF_ROOM * FIELDS)
  readonly #slots = new Int32Array(LEAF_ROOM)
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
    return this.#slots[place] ?? 0
  }

  insert(place: number, value: number, head: number, slot: number): void {
    if (place < this.#size) {
      this.#entries.copyWithin((place + 1) * FIELDS, place * FIELDS, this.#size * FIELDS)
      this.#slots.copyWithin(place + 1, place, this.#size)
    }
    this.#put(place, value, head, slot)
  }

  /** Adds an entry that sorts after all others. The leaf must have room. */
  append(value: number, head: number, slot: number): void {
    this.#put(this.#size, value, head, slot)
  }

  #put(place: number, value: number, head: number, slot: number): void {
    const at = place * FIELDS
    this.#entries[at + VALUE] = value
    this.#entries[at + HEAD] = head
    this.#slots[place] = slot
    this.#size++
  }

  delete(place: number): void {
    this.#entries.copyWithin(place * FIELDS, (place + 1) * FIELDS, this.#size * FIELDS)
    this.#slots.copyWithin(place, place + 1, this.#size)
    this.#size--
  }

  /** Moves the last entries to the beginning of the next leaf, which must have room for them. */
  moveLastTo(next: Leaf, count: number): void {
    const from = this.#size - count
    next.#entries.copyWithin(count * FIELDS, 0, next.#size * FIELDS)
    next.#slots.copyWithin(count, 0, next.#size)
    next.#entries.set(this.#entries.subarray(from * FIELDS, this.#size * FIELDS), 0)
    next.#slots.set(this.#slots.subarray(from, this.#size), 0)
    next.#size += count
    this.#size = from
  }

  /** Moves the first entries to the end of the previous leaf, which must have room for them. */
  moveFirstTo(previous: Leaf, count: number): void {
    previous.#entries.set(this.#entries.subarray(0, count * FIELDS), previous.#size * FIELDS)
    previous.#slots.set(this.#slots.subarray(0, count), previous.#size)
    previous.#size += count
    this.#entries.copyWithin(0, count * FIELDS, this.#size * FIELDS)
    this.#slots.copyWithin(0, count, this.#size)
    this.#size -= count
  }

  /** Moves all entries from a place on to the end of another leaf. */
  moveTo(other: Leaf, place: number): void {
    other.#entries.set(this.#entries.subarray(place * FIELDS, this.#size * FIELDS), other.#size * FIELDS)
    other.#slots.set(this.#slots.subarray(place, this.#size), other.#size)
    other.#size += this.#size - place
    this.#size = place
  }
}
