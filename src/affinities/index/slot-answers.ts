import type { TimeSlice } from '../../util/time-slice.js'
import { Bitmap } from './bitmap.js'

/** Slots that are asked about in one turn of the event loop. */
const FEW_MISSING = 2_000
/** Slots between two looks at the clock: a verdict that is not known yet takes up to 20 microseconds. */
const BLOCK = 256

/** Answers about the records in slots, each asked for once, and again when its record has changed. */
export abstract class SlotAnswers {
  readonly #asked = new Bitmap()

  /** Finds the answer for a slot, and keeps it. */
  protected abstract answer(slot: number): void

  /** Asks about the slots in use that are new or have changed, in pieces if there are many. */
  async prepare(live: Bitmap, slice: TimeSlice): Promise<void> {
    // A few are found without a look at each slot.
    if (this.#missing(live) <= FEW_MISSING) return
    await slice.blocks(
      live.limit,
      (from, to) => {
        for (let slot = from; slot < to; slot += 1) {
          if (live.has(slot) && !this.#asked.has(slot)) this.#ask(slot)
        }
      },
      BLOCK,
    )
  }

  /** Asks about all slots in use that are new or have changed. */
  protected complete(live: Bitmap): void {
    if (this.#missing(live) === 0) return
    const rest = new Bitmap(live.limit)
    rest.union(live)
    rest.subtract(this.#asked)
    rest.forEach((slot) => {
      this.#ask(slot)
    })
  }

  /** The record in the slot has changed, or is gone. */
  forget(slot: number): void {
    this.#asked.delete(slot)
  }

  #missing(live: Bitmap): number {
    return live.count - this.#asked.count
  }

  #ask(slot: number): void {
    this.#asked.add(slot)
    this.answer(slot)
  }
}
