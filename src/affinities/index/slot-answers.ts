import type { TimeSlice } from '../../util/time-slice.js'
import { Bitmap } from './bitmap.js'

/** Slots that are asked about in one turn of the event loop. */
const FEW_MISSING = 2_000
/** Slots that are asked about together, between two looks at the clock: a verdict that is not known yet takes up to 20 microseconds. */
const TOGETHER = 1_024

/** Asks about the records in slots: writes the answer of each, a whole number, at the same place. */
export type SlotQuestion = (slots: Int32Array, answers: Uint16Array) => void

/** Answers about the records in slots, each asked for once, and again when its record has changed. */
export abstract class SlotAnswers {
  readonly #question: SlotQuestion
  readonly #asked = new Bitmap()
  readonly #slots = new Int32Array(TOGETHER)
  readonly #answers = new Uint16Array(TOGETHER)

  constructor(question: SlotQuestion) {
    this.#question = question
  }

  /** Keeps the answer for a slot. */
  protected abstract keep(slot: number, answer: number): void

  /** Asks about the slots in use that are new or have changed, in pieces if there are many. */
  async prepare(live: Bitmap, slice: TimeSlice): Promise<void> {
    // A few are found without a look at each slot.
    if (this.#missing(live) <= FEW_MISSING) return
    await slice.blocks(
      live.limit,
      (from, to) => {
        let count = 0
        for (let slot = from; slot < to; slot += 1) {
          if (live.has(slot) && !this.#asked.has(slot)) count = this.#ask(slot, count)
        }
        this.#answer(count)
      },
      TOGETHER,
    )
  }

  /** Asks about all slots in use that are new or have changed. */
  protected complete(live: Bitmap): void {
    if (this.#missing(live) === 0) return
    const rest = new Bitmap(live.limit)
    rest.union(live)
    rest.subtract(this.#asked)
    let count = 0
    rest.forEach((slot) => {
      count = this.#ask(slot, count)
    })
    this.#answer(count)
  }

  /** The record in the slot has changed, or is gone. */
  forget(slot: number): void {
    this.#asked.delete(slot)
  }

  #missing(live: Bitmap): number {
    return live.count - this.#asked.count
  }

  /** Collects a slot beside so many others that are to be asked about. Returns how many these are now. */
  #ask(slot: number, count: number): number {
    this.#slots[count] = slot
    if (count + 1 < TOGETHER) return count + 1
    this.#answer(count + 1)
    return 0
  }

  #answer(count: number): void {
    const [slots, answers] = [this.#slots.subarray(0, count), this.#answers]
    this.#question(slots, answers)
    for (let index = 0; index < count; index += 1) {
      const slot = slots[index] ?? 0
      this.#asked.add(slot)
      this.keep(slot, answers[index] ?? 0)
    }
  }
}
