import { Bitmap } from './bitmap.js'

/** The answers of a question about the records in slots: it is asked again about those that have changed. */
export class AskedSlots {
  readonly #question: (slot: number) => boolean
  readonly #asked = new Bitmap()
  readonly #holds = new Bitmap()

  constructor(question: (slot: number) => boolean) {
    this.#question = question
  }

  /** The number of slots in use without an answer. */
  missing(live: Bitmap): number {
    return live.count - this.#asked.count
  }

  /** The slots in use for which the answer is yes. It asks about those that are new or have changed. */
  current(live: Bitmap): Bitmap {
    if (this.missing(live) > 0) {
      const rest = new Bitmap(live.limit)
      rest.union(live)
      rest.subtract(this.#asked)
      rest.forEach((slot) => {
        this.#ask(slot)
      })
    }
    return this.#holds
  }

  /** Asks about the slots in use from one number to below another. */
  ask(live: Bitmap, from: number, to: number): void {
    for (let slot = from; slot < to; slot += 1) {
      if (live.has(slot) && !this.#asked.has(slot)) this.#ask(slot)
    }
  }

  /** The record in the slot has changed, or is gone. */
  forget(slot: number): void {
    this.#asked.delete(slot)
    this.#holds.delete(slot)
  }

  #ask(slot: number): void {
    this.#asked.add(slot)
    if (this.#question(slot)) this.#holds.add(slot)
  }
}
