import { Bitmap } from './bitmap.js'

/** The classes of the records in slots: those that have changed are asked about again. */
export class ClassedSlots {
  readonly #classOf: (slot: number) => number
  readonly #asked = new Bitmap()
  #classes = new Uint16Array(1_024)

  constructor(classOf: (slot: number) => number) {
    this.#classOf = classOf
  }

  /** The number of slots in use without a class. */
  missing(live: Bitmap): number {
    return live.count - this.#asked.count
  }

  /** Asks about the slots in use from one number to below another that are new or have changed. */
  ask(live: Bitmap, from: number, to: number): void {
    for (let slot = from; slot < to; slot += 1) {
      if (live.has(slot) && !this.#asked.has(slot)) this.#ask(slot)
    }
  }

  /** Returns a function from a slot in use to its class, until the next change. */
  current(live: Bitmap): (slot: number) => number {
    if (this.missing(live) > 0) {
      const rest = new Bitmap(live.limit)
      rest.union(live)
      rest.subtract(this.#asked)
      rest.forEach((slot) => {
        this.#ask(slot)
      })
    }
    const classes = this.#classes
    return (slot) => classes[slot] ?? 0
  }

  /** The record in the slot has changed, or is gone. */
  forget(slot: number): void {
    this.#asked.delete(slot)
  }

  #ask(slot: number): void {
    if (slot >= this.#classes.length) this.#grow(slot + 1)
    this.#classes[slot] = this.#classOf(slot)
    this.#asked.add(slot)
  }

  #grow(slots: number): void {
    const grown = new Uint16Array(Math.max(slots, 2 * this.#classes.length))
    grown.set(this.#classes)
    this.#classes = grown
  }
}
