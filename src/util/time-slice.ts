import { setImmediate as nextTurn } from 'node:timers/promises'

/** How long a loop may run before others have their turn, in milliseconds. */
const SLICE_MS = 5
/** Reading the clock costs about as much as one small step. */
const STEPS_BETWEEN_LOOKS = 32
const BLOCK = 4_096

/**
 * Lets requests and messages have their turn in the middle of a long loop: `if (slice.isOver()) await slice.next()`.
 * What may change meanwhile has to be read again afterwards.
 */
export class TimeSlice {
  #steps = 0
  #startedAt = performance.now()

  isOver(): boolean {
    this.#steps += 1
    return this.#steps % STEPS_BETWEEN_LOOKS === 0 && performance.now() - this.#startedAt > SLICE_MS
  }

  async next(): Promise<void> {
    await nextTurn()
    this.#startedAt = performance.now()
  }

  /** The same for numbers from 0 to a limit, in blocks that take well under a slice: their loops stay plain and fast. */
  async blocks(limit: number, run: (from: number, to: number) => void): Promise<void> {
    for (let from = 0; from < limit; from += BLOCK) {
      run(from, Math.min(from + BLOCK, limit))
      if (performance.now() - this.#startedAt > SLICE_MS) await this.next()
    }
  }
}

/**
 * The same batches, each asked for while the one before is worked on, and each handed on in a turn of its own: taking it
 * off the wire has kept the event loop for a while already.
 */
export async function* prefetch<T>(batches: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  const iterator = batches[Symbol.asyncIterator]()
  let next = iterator.next()
  // A reader that stops early does not wait for it.
  next.catch(() => {})
  try {
    for (;;) {
      const { done, value } = await next
      if (done) return
      next = iterator.next()
      next.catch(() => {})
      await nextTurn()
      yield value
    }
  } finally {
    void iterator.return?.()?.catch?.(() => {})
  }
}
