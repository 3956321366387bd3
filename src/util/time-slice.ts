import { setImmediate as nextTurn } from 'node:timers/promises'

/** Milliseconds for which a loop may run before it yields to the event loop. */
const SLICE_MS = 5
/** Steps between two reads of the clock, since a read costs about as much as a small step. */
const STEPS_BETWEEN_LOOKS = 32
const BLOCK = 4_096

/**
 * Lets a long loop yield to the event loop, so that requests are served: `if (slice.isOver()) await slice.next()`. Anything
 * may change meanwhile, and has to be read again afterwards.
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

  /**
   * Runs a loop over the numbers from 0 to a limit in blocks, and yields between blocks: the inner loops stay fast.
   * @param block smaller than the default where a step may take more than a microsecond
   */
  async blocks(limit: number, run: (from: number, to: number) => void, block = BLOCK): Promise<void> {
    for (let from = 0; from < limit; from += block) {
      run(from, Math.min(from + block, limit))
      if (performance.now() - this.#startedAt > SLICE_MS) await this.next()
    }
  }
}

/**
 * Prefetches batches: requests each one while the consumer works on the one before. It yields to the event loop before each
 * batch, because receiving a batch has blocked it already.
 */
export async function* prefetch<T>(batches: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  const iterator = batches[Symbol.asyncIterator]()
  let next = iterator.next()
  // A consumer that stops early never awaits this promise: its rejection must not be unhandled.
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
