/** Exponential back-off: each pause is twice the one before, up to a longest one. After a calm time it starts again. */
export class BackOff {
  readonly #firstMs: number
  readonly #longestMs: number
  #pauseMs = 0
  #endsAt = Number.NEGATIVE_INFINITY

  constructor(firstMs: number, longestMs: number) {
    this.#firstMs = firstMs
    this.#longestMs = longestMs
  }

  /** Returns the milliseconds to wait before the next attempt. */
  next(): number {
    const now = performance.now()
    const isCalm = now - this.#endsAt > this.#longestMs
    this.#pauseMs = isCalm ? this.#firstMs : Math.min(this.#pauseMs * 2, this.#longestMs)
    this.#endsAt = now + this.#pauseMs
    return this.#pauseMs
  }
}
