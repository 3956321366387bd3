import { randomBytes } from 'node:crypto'

/** Returned for a text that is not in a table. */
export const NO_ID = -1

/**
 * The number of shards of a large table. Each grows at another time: a million texts in one table would be hashed again in
 * one go, for some 200 ms, and 64 shards take some 3 ms each. A small table has one shard.
 */
const SHARDS = 64
const SHARD_BITS = 6
const ONE_SHARD_UP_TO = 4_096
const SMALLEST_SHARD = 16
/** A shard grows when more than so much of it is used. At 100,000 texts a shard of 2,048 is just enough. */
const FULL = 4 / 5

interface Shard {
  /** Ids plus one; 0 is an empty place. */
  entries: Int32Array
  /**
   * 16 bits of the hash of each entry. Texts are compared only if these are equal, since keys have long beginnings in common;
   * and they say where the search for an entry begins, so that no text is hashed again when others move.
   */
  marks: Uint16Array
  used: number
}

/**
 * A hash table of ids by their texts, which are kept elsewhere: linear probing and backward-shift deletion. It takes some 10
 * bytes a text, a third of what a Map takes.
 */
export class IdTable {
  readonly #textOf: (id: number) => string
  #shards: Shard[] = [emptyShard()]
  #size = 0

  /** @param textOf returns the text of an id that is in the table */
  constructor(textOf: (id: number) => string) {
    this.#textOf = textOf
  }

  /** Returns the id of a text, or -1. A caller that needs the hash again passes it on. */
  find(text: string, hash = hashOf(text)): number {
    const { entries, marks } = this.#shardOf(hash)
    const mask = entries.length - 1
    const mark = markOf(hash)
    for (let at = placeOf(hash, mask); ; at = (at + 1) & mask) {
      const id = (entries[at] ?? 0) - 1
      if (id === NO_ID || (marks[at] === mark && this.#textOf(id) === text)) return id
    }
  }

  /** Adds the id of a text that is not in the table. */
  insert(id: number, text: string, hash = hashOf(text)): void {
    this.#size += 1
    if (this.#shards.length === 1 && this.#size > ONE_SHARD_UP_TO) this.#split()
    const shard = this.#shardOf(hash)
    shard.used += 1
    if (shard.used > shard.entries.length * FULL) this.#grow(shard)
    put(shard, id + 1, placeOf(hash, shard.entries.length - 1), markOf(hash))
  }

  /** Deletes the id of a text. Entries behind it that would not be found any more move up. */
  delete(id: number, text: string): void {
    const hash = hashOf(text)
    const shard = this.#shardOf(hash)
    const { entries, marks } = shard
    const mask = entries.length - 1
    let gap = placeOf(hash, mask)
    while (entries[gap] !== id + 1) gap = (gap + 1) & mask
    for (let at = (gap + 1) & mask; entries[at] !== 0; at = (at + 1) & mask) {
      const entry = entries[at] ?? 0
      const start = this.#placeOfEntry(entry, marks[at] ?? 0, mask)
      if (((at - start) & mask) < ((at - gap) & mask)) continue
      entries[gap] = entry
      marks[gap] = marks[at] ?? 0
      gap = at
    }
    entries[gap] = 0
    shard.used -= 1
    this.#size -= 1
  }

  #grow(shard: Shard): void {
    const { entries, marks } = shard
    const mask = entries.length * 2 - 1
    shard.entries = new Int32Array(mask + 1)
    shard.marks = new Uint16Array(mask + 1)
    for (let at = 0; at < entries.length; at++) {
      const entry = entries[at] ?? 0
      const mark = marks[at] ?? 0
      if (entry !== 0) put(shard, entry, this.#placeOfEntry(entry, mark, mask), mark)
    }
  }

  /** Returns the place at which the search for an entry begins. A shard of more places than marks tell apart hashes its text. */
  #placeOfEntry(entry: number, mark: number, mask: number): number {
    return mask < MARKS ? mark & mask : placeOf(hashOf(this.#textOf(entry - 1)), mask)
  }

  #split(): void {
    const [all] = this.#shards
    this.#shards = Array.from({ length: SHARDS }, emptyShard)
    for (const entry of all?.entries ?? []) {
      if (entry === 0) continue
      const hash = hashOf(this.#textOf(entry - 1))
      const shard = this.#shardOf(hash)
      shard.used += 1
      if (shard.used > shard.entries.length * FULL) this.#grow(shard)
      put(shard, entry, placeOf(hash, shard.entries.length - 1), markOf(hash))
    }
  }

  #shardOf(hash: number): Shard {
    const shard = this.#shards[hash & (this.#shards.length - 1)]
    if (shard === undefined) throw new RangeError('A shard number lies outside the table.')
    return shard
  }
}

const emptyShard = (): Shard => ({
  entries: new Int32Array(SMALLEST_SHARD),
  marks: new Uint16Array(SMALLEST_SHARD),
  used: 0,
})

/** The factor is this process's alone, so that nobody can choose model names that collide. The last bit makes it odd. */
const FACTOR = randomBytes(4).readInt32LE() | 1
/** Spreads the highest bits over all, since a multiplication carries upwards alone. */
const MIX = 0x45d9f3b

/**
 * The hash of a text: a polynomial in a secret factor, mixed at the end. It takes two characters a step, since a full read
 * hashes the key and three ids of each record.
 */
export function hashOf(text: string): number {
  const { length } = text
  let hash = length
  let at = 0
  for (; at + 1 < length; at += 2) {
    hash = Math.imul(hash ^ text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 16), FACTOR)
  }
  if (at < length) hash = Math.imul(hash ^ text.charCodeAt(at), FACTOR)
  hash = Math.imul(hash ^ (hash >>> 16), MIX)
  return hash ^ (hash >>> 15)
}

/** The place at which the search for a hash begins. The lowest bits choose the shard. */
const placeOf = (hash: number, mask: number): number => (hash >>> SHARD_BITS) & mask

const MARKS = 2 ** 16

/** The lowest bits of the place in the largest shard. */
const markOf = (hash: number): number => (hash >>> SHARD_BITS) & (MARKS - 1)

function put({ entries, marks }: Shard, entry: number, place: number, mark: number): void {
  const mask = entries.length - 1
  let at = place
  while (entries[at] !== 0) at = (at + 1) & mask
  entries[at] = entry
  marks[at] = mark
}
