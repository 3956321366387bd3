import { Bitmap } from './bitmap.js'
import { SlotAnswers } from './slot-answers.js'

/** The answers to a question about the records in slots: 1 is yes, 0 is no. */
export class AskedSlots extends SlotAnswers {
  readonly #holds = new Bitmap()

  /** The slots in use for which the answer is yes. */
  current(live: Bitmap): Bitmap {
    this.complete(live)
    return this.#holds
  }

  override forget(slot: number): void {
    super.forget(slot)
    this.#holds.delete(slot)
  }

  protected override keep(slot: number, answer: number): void {
    if (answer === 1) this.#holds.add(slot)
  }
}
