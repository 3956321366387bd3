import type { AffinityPosition } from '../affinity-reader.js'
import { LEAF_ROOM, Leaf } from './leaf.js'

/** A leaf that is less than half full is merged with a neighbour if both together leave an eighth free. */
const MERGE_BELOW = LEAF_ROOM / 2
const MERGE_UP_TO = (LEAF_ROOM * 7) / 8
/** A full leaf gives entries to a neighbour that has fewer than this. */
const SHIFT_BELOW = (LEAF_ROOM * 15) / 16
/** A bulk load fills leaves up to this size: full leaves would all split at their next insertion. */
const FILL_UP_TO = (LEAF_ROOM * 3) / 4

interface Place {
  readonly value: number
  readonly head: number
  readonly key: string
}

/**
 * A sorted list of slots with ranks, ordered by (value, key): a B+ tree of two levels, with the size of each leaf as in an
 * order-statistic tree. A rank is the sum of the sizes before it: at a million entries some 5,000 additions, 5 µs. It lets
 * a page start at any offset.
 */
export class RankedList {
  readonly #keyOf: (slot: number) => string
  readonly #headOf: (key: string) => number
  readonly #leaves: Leaf[] = []
  readonly #values: number[] = []
  readonly #heads: number[] = []
  readonly #sizes: number[] = []
  #size = 0

  /**
   * @param keyOf returns the sort text of a slot's key, which must not change while the slot is in the list
   * @param headOf see createKeyHead
   */
  constructor(keyOf: (slot: number) => string, headOf: (key: string) => number) {
    this.#keyOf = keyOf
    this.#headOf = headOf
  }

  #placeOf(value: number, key: string): Place {
    return { value, head: this.#headOf(key), key }
  }

  get size(): number {
    return this.#size
  }

  insert(value: number, slot: number): void {
    this.#insert(this.#placeOf(value, this.#keyOf(slot)), slot)
  }

  /** Adds a slot that sorts after all others, in constant time. */
  append(value: number, head: number, slot: number): void {
    let index = this.#leaves.length - 1
    let leaf = this.#leaves[index]
    if (leaf === undefined || leaf.size >= FILL_UP_TO) {
      leaf = new Leaf()
      index = this.#leaves.push(leaf) - 1
      this.#values.push(value)
      this.#heads.push(head)
      this.#sizes.push(0)
    }
    leaf.append(value, head, slot)
    this.#sizes[index] = leaf.size
    this.#size++
  }

  delete(value: number, slot: number): void {
    this.#delete(this.#placeOf(value, this.#keyOf(slot)), slot)
  }

  /** Deletes a slot at one value and inserts it at another. */
  move(from: number, to: number, slot: number): void {
    const place = this.#placeOf(from, this.#keyOf(slot))
    this.#delete(place, slot)
    this.#insert({ value: to, head: place.head, key: place.key }, slot)
  }

  /** Counts the entries that sort before a position; with `through`, also the entry at that position. */
  rank({ value, key }: AffinityPosition, through: boolean): number {
    const place = this.#placeOf(value, key)
    const index = this.#leafFor(place)
    const leaf = this.#leaves[index]
    if (leaf === undefined) return 0
    let rank = this.#lowerBound(leaf, place)
    if (through && rank < leaf.size && this.#compare(leaf, rank, place) === 0) rank++
    for (let before = 0; before < index; before++) rank += this.#sizes[before] ?? 0
    return rank
  }

  /** Creates an iterator of slots from a rank, upwards or downwards; it returns -1 at the end. Nothing may change meanwhile. */
  from(rank: number, step: 1 | -1): () => number {
    let index = 0
    let place = rank
    while (index < this.#sizes.length && place >= (this.#sizes[index] ?? 0))
      place -= this.#sizes[index++] ?? 0
    let leaf = rank < 0 ? undefined : this.#leaves[index]
    return () => {
      if (leaf === undefined) return -1
      const slot = leaf.slot(place)
      place += step
      if (place < 0 || place >= leaf.size) {
        index += step
        leaf = this.#leaves[index]
        place = step > 0 || leaf === undefined ? 0 : leaf.size - 1
      }
      return slot
    }
  }

  #insert(place: Place, slot: number): void {
    const index = this.#leafFor(place)
    const leaf = this.#leaves[index]
    if (leaf === undefined) {
      this.#addLeaf(0, new Leaf(), place, slot)
    } else if (leaf.size < LEAF_ROOM) {
      leaf.insert(this.#lowerBound(leaf, place), place.value, place.head, slot)
      this.#summarise(index, leaf)
    } else if (index === this.#leaves.length - 1 && this.#compare(leaf, leaf.size - 1, place) < 0) {
      // New creation and expiry times mostly sort last: a new leaf instead of a split keeps the leaves before it full.
      this.#addLeaf(index + 1, new Leaf(), place, slot)
    } else if (this.#shift(index)) {
      this.#insert(place, slot)
      return
    } else {
      const upper = new Leaf()
      leaf.moveTo(upper, LEAF_ROOM / 2)
      const isUpper = this.#compare(upper, 0, place) < 0
      if (!isUpper) leaf.insert(this.#lowerBound(leaf, place), place.value, place.head, slot)
      this.#summarise(index, leaf)
      this.#addLeaf(index + 1, upper, isUpper ? place : undefined, slot)
    }
    this.#size++
  }

  /** Moves entries of a full leaf to a neighbour with room, so that leaves are some 80 % full and not 70 % (B* tree). */
  #shift(index: number): boolean {
    const leaf = this.#leaves[index]
    const [previous, next] = [this.#leaves[index - 1], this.#leaves[index + 1]]
    if (leaf === undefined) return false
    if (next !== undefined && next.size < SHIFT_BELOW) {
      leaf.moveLastTo(next, (leaf.size - next.size) >>> 1)
      this.#summarise(index + 1, next)
    } else if (previous !== undefined && previous.size < SHIFT_BELOW) {
      leaf.moveFirstTo(previous, (leaf.size - previous.size) >>> 1)
      this.#summarise(index - 1, previous)
    } else return false
    this.#summarise(index, leaf)
    return true
  }

  #delete(place: Place, slot: number): void {
    const index = this.#leafFor(place)
    const leaf = this.#leaves[index]
    const at = leaf === undefined ? 0 : this.#lowerBound(leaf, place)
    if (leaf === undefined || at >= leaf.size || leaf.slot(at) !== slot) {
      throw new RangeError(`Slot ${slot} is not in the order at ${place.value}.`)
    }
    leaf.delete(at)
    this.#size--
    this.#summarise(index, leaf)
    if (leaf.size === 0) this.#dropLeaf(index)
    else if (leaf.size < MERGE_BELOW && !this.#merge(index)) this.#merge(index - 1)
  }

  /** Finds the last leaf that begins at or before a place, or the first leaf if none does. */
  #leafFor(place: Place): number {
    let low = 0
    let high = this.#leaves.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#beginsAfter(middle, place)) high = middle - 1
      else low = middle
    }
    return low
  }

  #beginsAfter(index: number, place: Place): boolean {
    const value = this.#values[index] ?? 0
    if (value !== place.value) return value > place.value
    const head = this.#heads[index] ?? 0
    if (head !== place.head) return head > place.head
    const leaf = this.#leaves[index]
    return leaf !== undefined && this.#compare(leaf, 0, place) > 0
  }

  /** Finds the first entry of a leaf that does not sort before a place (binary search). */
  #lowerBound(leaf: Leaf, place: Place): number {
    let low = 0
    let high = leaf.size
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(leaf, middle, place) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #compare(leaf: Leaf, at: number, place: Place): number {
    const value = leaf.value(at)
    if (value !== place.value) return value < place.value ? -1 : 1
    const head = leaf.head(at)
    if (head !== place.head) return head < place.head ? -1 : 1
    const key = this.#keyOf(leaf.slot(at))
    return key < place.key ? -1 : key > place.key ? 1 : 0
  }

  #summarise(index: number, leaf: Leaf): void {
    this.#values[index] = leaf.value(0)
    this.#heads[index] = leaf.head(0)
    this.#sizes[index] = leaf.size
  }

  /** Adds a leaf, and to the leaf one more entry if a place is given. */
  #addLeaf(index: number, leaf: Leaf, place: Place | undefined, slot: number): void {
    if (place !== undefined) leaf.insert(this.#lowerBound(leaf, place), place.value, place.head, slot)
    this.#leaves.splice(index, 0, leaf)
    this.#values.splice(index, 0, leaf.value(0))
    this.#heads.splice(index, 0, leaf.head(0))
    this.#sizes.splice(index, 0, leaf.size)
  }

  #dropLeaf(index: number): void {
    for (const column of [this.#leaves, this.#values, this.#heads, this.#sizes]) column.splice(index, 1)
  }

  /** Merges a leaf with the next one if both exist and fit together. */
  #merge(index: number): boolean {
    const leaf = this.#leaves[index]
    const next = this.#leaves[index + 1]
    if (leaf === undefined || next === undefined || leaf.size + next.size > MERGE_UP_TO) return false
    next.moveTo(leaf, 0)
    this.#summarise(index, leaf)
    this.#dropLeaf(index + 1)
    return true
  }
}
