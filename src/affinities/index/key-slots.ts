import type { Bitmap } from './bitmap.js'

/** Finds the slot of a key, or a negative number. */
export interface SlotFinder {
  find(key: string): number
}

/** The slots of the records with one of several keys. */
export class KeySlots {
  readonly #slots: ReadonlySet<number>
  readonly total: number
  /** A key has one slot, so that none is counted twice. */
  readonly isSimple = true
  /** Unlike a single value, keys have no bitmap that is kept. */
  readonly postingBitmap = undefined

  constructor(finder: SlotFinder, keys: ReadonlySet<string>) {
    this.#slots = new Set([...keys].map((key) => finder.find(key)).filter((slot) => slot >= 0))
    this.total = this.#slots.size
  }

  covers(records: number): boolean {
    return this.total === records
  }

  has(slot: number): boolean {
    return this.#slots.has(slot)
  }

  forEach(visit: (slot: number) => void): void {
    for (const slot of this.#slots) visit(slot)
  }

  addTo(set: Bitmap): void {
    for (const slot of this.#slots) set.add(slot)
  }
}
