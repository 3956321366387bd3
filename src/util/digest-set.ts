import { randomInt } from 'node:crypto'

const FIRST_SLOTS = 1_024
/** Used share of the slots from which on the table grows. */
const FULL = 0.7
/** Differs in each process, so that nobody can choose texts whose digests are the same. */
const SEED = randomInt(2 ** 32)

/**
 * Looks for 64 bits in a table by the bits themselves.
 * @param digests two numbers a slot, of which the second of a free one is 0; twice a power of two of them, and not all in use
 * @param high above 0
 * @returns the slot that has these bits, or else the free one that they belong into
 */
export function slotOf(digests: Uint32Array, low: number, high: number): number {
  const mask = digests.length / 2 - 1
  let slot = low & mask
  while (digests[2 * slot + 1] !== 0) {
    if (digests[2 * slot] === low && digests[2 * slot + 1] === high) return slot
    slot = (slot + 1) & mask
  }
  return slot
}

/**
 * Tells whether a text was seen before, in 11 to 23 bytes for each text and no object. It keeps 64 bits of each: among ten
 * million texts two have the same bits once in some 370,000 times, and the second of them is then taken for seen.
 */
export class DigestSet {
  #digests = new Uint32Array(2 * FIRST_SLOTS)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** @returns true if the text is new */
  add(text: string): boolean {
    let low = SEED ^ 0xdeadbeef
    let high = SEED ^ 0x41c6ce57
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at)
      low = Math.imul(low ^ unit, 2654435761)
      high = Math.imul(high ^ unit, 1597334677)
    }
    low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
    high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
    // Two zeros are a free slot.
    return this.#insert(low >>> 0, high >>> 0 || 1)
  }

  #insert(low: number, high: number): boolean {
    const slot = slotOf(this.#digests, low, high)
    if (this.#digests[2 * slot + 1] !== 0) return false
    this.#digests[2 * slot] = low
    this.#digests[2 * slot + 1] = high
    this.#size += 1
    if (this.#size > (FULL * this.#digests.length) / 2) this.#grow()
    return true
  }

  #grow(): void {
    const before = this.#digests
    this.#digests = new Uint32Array(2 * before.length)
    this.#size = 0
    for (let at = 0; at < before.length; at += 2) {
      const high = before[at + 1] ?? 0
      if (high !== 0) this.#insert(before[at] ?? 0, high)
    }
  }
}
