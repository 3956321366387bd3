import { setImmediate as nextTurn } from 'node:timers/promises'

/** Hands out turns of the event loop, so that many pieces of work do not run in one turn. */
export interface Turns {
  /** Resolves at the beginning of a turn of the event loop that nobody else has got, in the order of the calls. */
  next(): Promise<void>
  /** Runs a piece of work in a turn of its own, when fewer pieces than the bound are under way; in the order of the calls. */
  run<T>(work: () => T | Promise<T>): Promise<T>
}

/** @param atOnce number of pieces of work under way at a time, 1 or more */
export function createTurns(atOnce: number): Turns {
  let last: Promise<void> = Promise.resolve()
  let under = 0
  const waiting: (() => void)[] = []

  const next = (): Promise<void> => {
    last = last.then(() => nextTurn())
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
