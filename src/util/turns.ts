import { setImmediate as nextTurn } from 'node:timers/promises'

/** Milliseconds for which pieces of work follow each other before they yield to the event loop. */
const SLICE_MS = 5

/** Lets many pieces of work follow each other in their order, with the rest of the service between them. */
export interface Turns {
  /** Resolves when the earlier callers have had their turn, and after a turn of the event loop if theirs took long. */
  next(): Promise<void>
  /** Runs a piece of work in its turn, when fewer pieces than the bound are under way. */
  run<T>(work: () => T | Promise<T>): Promise<T>
}

/** @param atOnce number of pieces of work under way at a time, 1 or more */
export function createTurns(atOnce: number): Turns {
  let last: Promise<void> = Promise.resolve()
  let sliceEndsAt = 0
  let under = 0
  const waiting: (() => void)[] = []

  async function yieldAfterSlice(): Promise<void> {
    if (performance.now() < sliceEndsAt) return
    await nextTurn()
    sliceEndsAt = performance.now() + SLICE_MS
  }

  const next = (): Promise<void> => {
    last = last.then(yieldAfterSlice)
    return last
  }

  return {
    next,
    async run(work) {
      if (under >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
      else under += 1
      try {
        await next()
        return await work()
      } finally {
        // The place goes straight to who has waited longest.
        const first = waiting.shift()
        if (first) first()
        else under -= 1
      }
    },
  }
}
