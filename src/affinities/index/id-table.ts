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
  /** Eight bits of the hash of each entry: texts are compared only if these are equal. Keys have long beginnings in common. */
  tags: Uint8Array
  used: number
}

/**
 * A hash table of ids by their texts, which are kept elsewhere: linear probing and backward-shift deletion. It takes some 8
 * bytes a text, a quarter of what a Map takes.
 */
export class IdTable {
  readonly #textOf: (id: number) => string
  #shards: Shard[] = [emptyShard()]
  #size = 0
  /** The hash of each id, between `expectMany` and `settle`. */
  #hashes: Int32Array | undefined

  /** @param textOf returns the text of an id that is in the table */
  constructor(textOf: (id: number) => string) {
    this.#textOf = textOf
  }

  /** Returns the id of a text, or -1. A caller that needs the hash again passes it on. */
  find(text: string, hash = hashOf(text)): number {
    const { entries, tags } = this.#shardOf(hash)
    const mask = entries.length - 1
    const tag = tagOf(hash)
    for (let at = placeOf(hash, mask); ; at = (at + 1) & mask) {
      const id = (entries[at] ?? 0) - 1
      if (id === NO_ID || (tags[at] === tag && this.#textOf(id) === text)) return id
    }
  }

  /** Adds the id of a text that is not in the table. */
  insert(id: number, text: string, hash = hashOf(text)): void {
    this.#size += 1
    this.#keepHash(id, hash)
    if (this.#shards.length === 1 && this.#size > ONE_SHARD_UP_TO) this.#split()
    const shard = this.#shardOf(hash)
    shard.used += 1
    if (shard.used > shard.entries.length * FULL) this.#grow(shard)
    put(shard, id + 1, hash)
  }

  /** Keeps the hashes of an empty table, which grows often while it is filled, and needs all hashes again each time. */
  expectMany(): void {
    this.#hashes = new Int32Array(ONE_SHARD_UP_TO)
  }

  /** Forgets the hashes, which take four bytes a text. */
  settle(): void {
    this.#hashes = undefined
  }

  #keepHash(id: number, hash: number): void {
    if (this.#hashes === undefined) return
    if (id >= this.#hashes.length) {
      const more = new Int32Array(Math.max(id + 1, this.#hashes.length * 2))
      more.set(this.#hashes)
      this.#hashes = more
    }
    this.#hashes[id] = hash
  }

  #hashOfEntry(entry: number): number {
    return this.#hashes?.[entry - 1] ?? hashOf(this.#textOf(entry - 1))
  }

  /** Deletes the id of a text. Entries behind it that would not be found any more move up. */
  delete(id: number, text: string): void {
    const hash = hashOf(text)
    const shard = this.#shardOf(hash)
    const { entries, tags } = shard
    const mask = entries.length - 1
    let gap = placeOf(hash, mask)
    while (entries[gap] !== id + 1) gap = (gap + 1) & mask
    for (let at = (gap + 1) & mask; entries[at] !== 0; at = (at + 1) & mask) {
      const entry = entries[at] ?? 0
      const start = placeOf(this.#hashOfEntry(entry), mask)
      if (((at - start) & mask) < ((at - gap) & mask)) continue
      entries[gap] = entry
      tags[gap] = tags[at] ?? 0
      gap = at
    }
    entries[gap] = 0
    shard.used -= 1
    this.#size -= 1
  }

  #grow(shard: Shard): void {
    const before = shard.entries
    shard.entries = new Int32Array(before.length * 2)
    shard.tags = new Uint8Array(before.length * 2)
    for (const entry of before) if (entry !== 0) put(shard, entry, this.#hashOfEntry(entry))
  }

  #split(): void {
    const [all] = this.#shards
    this.#shards = Array.from({ length: SHARDS }, emptyShard)
    for (const entry of all?.entries ?? []) {
      if (entry === 0) continue
      const hash = this.#hashOfEntry(entry)
      const shard = this.#shardOf(hash)
      shard.used += 1
      if (shard.used > shard.entries.length * FULL) this.#grow(shard)
      put(shard, entry, hash)
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
  tags: new Uint8Array(SMALLEST_SHARD),
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

/** The highest bits, which neither the shard nor the place depends on. */
const tagOf = (hash: number): number => hash >>> 24

function put({ entries, tags }: Shard, entry: number, hash: number): void {
  const mask = entries.length - 1
  let at = placeOf(hash, mask)
  while (entries[at] !== 0) at = (at + 1) & mask
  entries[at] = entry
  tags[at] = tagOf(hash)
}
