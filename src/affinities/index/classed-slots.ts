import type { Bitmap } from './bitmap.js'
import { SlotAnswers } from './slot-answers.js'

/** The classes of the records in slots. */
export class ClassedSlots extends SlotAnswers {
  #classes = new Uint16Array(1_024)

  /** Returns a function from a slot in use to its class, until the next change. */
  current(live: Bitmap): (slot: number) => number {
    this.complete(live)
    const classes = this.#classes
    return (slot) => classes[slot] ?? 0
  }

  protected override keep(slot: number, answer: number): void {
    if (slot >= this.#classes.length) this.#grow(slot + 1)
    this.#classes[slot] = answer
  }

  #grow(slots: number): void {
    const grown = new Uint16Array(Math.max(slots, 2 * this.#classes.length))
    grown.set(this.#classes)
    this.#classes = grown
  }
}
