import { Bitmap } from './bitmap.js'
import { SlotAnswers } from './slot-answers.js'

/** The answers, yes or no, to a question about the records in slots. */
export class AskedSlots extends SlotAnswers {
  readonly #question: (slot: number) => boolean
  readonly #holds = new Bitmap()

  constructor(question: (slot: number) => boolean) {
    super()
    this.#question = question
  }

  /** The slots in use for which the answer is yes. */
  current(live: Bitmap): Bitmap {
    this.complete(live)
    return this.#holds
  }

  override forget(slot: number): void {
    super.forget(slot)
    this.#holds.delete(slot)
  }

  protected override answer(slot: number): void {
    if (this.#question(slot)) this.#holds.add(slot)
  }
}
