import { randomBytes } from 'node:crypto'

/**
 * 64 bits that stand for a cache key: of a million keys some two are alike once in 30 million times. A SHA-256 takes ten times
 * as long, and a clear of 100,000 affinities would hold everybody up.
 */
export interface Digest {
  readonly low: number
  readonly high: number
}

/** Nobody outside can find two keys that are alike. */
const SEEDS = randomBytes(8)
const LOW_SEED = SEEDS.readInt32LE(0)
const HIGH_SEED = SEEDS.readInt32LE(4)

export function digestOf(key: string): Digest {
  let low = LOW_SEED
  let high = HIGH_SEED
  for (let at = 0; at < key.length; at += 1) {
    const code = key.charCodeAt(at)
    low = Math.imul(low ^ code, 0x9e3779b1)
    high = Math.imul(high ^ code, 0x5f356495)
    // The upper bits of one are carried into the lower ones of the other.
    low ^= high >>> 15
    high ^= low >>> 13
  }
  return { low: mixed(low ^ (high >>> 16)), high: mixed(high ^ (low >>> 13)) }
}

function mixed(bits: number): number {
  const once = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return twice ^ (twice >>> 16)
}

export const NO_SLOT = -1

const SMALLEST = 64

const COLUMNS = [
  'low',
  'high',
  /** The next slot of the same bucket, or of the free ones. */
  'next',
  /** The next slot of the same clear. */
  'nextOfClear',
  'clear',
  'requestCount',
  'affinityKey',
  'providerId',
  'providerKeyId',
  'seenProviderId',
  'seenProviderKeyId',
] as const
export type Column = (typeof COLUMNS)[number]
type Columns = Record<Column, Int32Array>

/**
 * A hash table of slots by the digests of cache keys, with columns of numbers: some 60 bytes a slot, none of them on the heap.
 * A digest may have several slots, one for each clear that removed its key.
 */
export class TrackedKeys {
  #columns: Columns = emptyColumns(0)
  #createdAt = new Float64Array(0)
  #flags = new Uint8Array(0)
  /** The first slot of each bucket, plus one. */
  #buckets = new Int32Array(0)
  #free = NO_SLOT
  #size = 0

  /** Slots that were added and not freed. */
  get size(): number {
    return this.#size
  }

  add(digest: Digest): number {
    if (this.#free === NO_SLOT) this.#grow()
    const slot = this.#free
    this.#free = this.get('next', slot)
    this.#size += 1
    for (const column of COLUMNS) this.set(column, slot, 0)
    this.set('low', slot, digest.low)
    this.set('high', slot, digest.high)
    this.setFlags(slot, 0)
    this.#link(slot)
    return slot
  }

  /** Returns the first slot of a digest, or NO_SLOT. */
  first(digest: Digest): number {
    if (this.#size === 0) return NO_SLOT
    return this.#matching((this.#buckets[this.#bucketOf(digest.low)] ?? 0) - 1, digest)
  }

  /** Returns the slot of the same digest that follows, or NO_SLOT. */
  next(slot: number, digest: Digest): number {
    return this.#matching(this.get('next', slot), digest)
  }

  /** Lets a slot be found no more. Its columns but `next` stay until it is freed. */
  unlink(slot: number): void {
    const bucket = this.#bucketOf(this.get('low', slot))
    const after = this.get('next', slot)
    let at = (this.#buckets[bucket] ?? 0) - 1
    if (at === slot) {
      this.#buckets[bucket] = after + 1
      return
    }
    while (this.get('next', at) !== slot) at = this.get('next', at)
    this.set('next', at, after)
  }

  /** Gives a slot back that is not found any more. */
  free(slot: number): void {
    this.set('next', slot, this.#free)
    this.#free = slot
    this.#size -= 1
    if (this.#size === 0) this.#forgetAll()
  }

  get(column: Column, slot: number): number {
    return this.#columns[column][slot] ?? 0
  }

  set(column: Column, slot: number, value: number): void {
    this.#columns[column][slot] = value
  }

  createdAt(slot: number): number {
    return this.#createdAt[slot] ?? 0
  }

  setCreatedAt(slot: number, seconds: number): void {
    this.#createdAt[slot] = seconds
  }

  flags(slot: number): number {
    return this.#flags[slot] ?? 0
  }

  setFlags(slot: number, flags: number): void {
    this.#flags[slot] = flags
  }

  #matching(from: number, { low, high }: Digest): number {
    let slot = from
    while (slot !== NO_SLOT && (this.get('low', slot) !== low || this.get('high', slot) !== high)) {
      slot = this.get('next', slot)
    }
    return slot
  }

  #bucketOf(low: number): number {
    return low & (this.#buckets.length - 1)
  }

  #link(slot: number): void {
    const bucket = this.#bucketOf(this.get('low', slot))
    this.set('next', slot, (this.#buckets[bucket] ?? 0) - 1)
    this.#buckets[bucket] = slot + 1
  }

  /** Doubles the table, which is full: every slot is linked again, but for those that are not found any more. */
  #grow(): void {
    const before = this.#createdAt.length
    const found: number[] = []
    for (const first of this.#buckets) {
      for (let slot = first - 1; slot !== NO_SLOT; slot = this.get('next', slot)) found.push(slot)
    }
    const capacity = Math.max(SMALLEST, before * 2)
    const columns = emptyColumns(capacity)
    for (const column of COLUMNS) columns[column].set(this.#columns[column])
    this.#columns = columns
    const createdAt = new Float64Array(capacity)
    createdAt.set(this.#createdAt)
    this.#createdAt = createdAt
    const flags = new Uint8Array(capacity)
    flags.set(this.#flags)
    this.#flags = flags
    this.#buckets = new Int32Array(capacity)
    // In each bucket the latest slot comes first.
    for (const slot of found.reverse()) this.#link(slot)
    for (let slot = capacity - 1; slot >= before; slot -= 1) {
      this.set('next', slot, this.#free)
      this.#free = slot
    }
  }

  #forgetAll(): void {
    this.#columns = emptyColumns(0)
    this.#createdAt = new Float64Array(0)
    this.#flags = new Uint8Array(0)
    this.#buckets = new Int32Array(0)
    this.#free = NO_SLOT
  }
}

function emptyColumns(capacity: number): Columns {
  const columns: Partial<Columns> = {}
  for (const column of COLUMNS) columns[column] = new Int32Array(capacity)
  return columns as Columns
}
