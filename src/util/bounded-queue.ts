import { RateLimitedError } from '../errors.js'

export interface BoundedQueueOptions {
  /** Number of works that run at once; 1 or more. */
  readonly atOnce: number
  /** Number of works that may wait, for each of the two lines. */
  readonly waiting: number
  /** Seconds after which a refused caller may try again. */
  readonly retryAfterSeconds: number
  /** A sentence for refused callers. */
  readonly refusal: string
}

/** Runs a bounded number of works at once, and lets a bounded number wait (bounded queue with two priorities). */
export interface BoundedQueue {
  /**
   * Runs the work when its turn comes. Works of the line `first` run before those of the line `last`.
   * @throws RateLimitedError at once if too many wait in this line
   */
  run<T>(line: 'first' | 'last', work: () => Promise<T>): Promise<T>
}

export function createBoundedQueue({
  atOnce,
  waiting,
  retryAfterSeconds,
  refusal,
}: BoundedQueueOptions): BoundedQueue {
  const lines: Record<'first' | 'last', (() => void)[]> = { first: [], last: [] }
  let running = 0

  /** Gives the turn of a finished work to the next one. */
  const next = () => {
    const begin = lines.first.shift() ?? lines.last.shift()
    if (begin) begin()
    else running -= 1
  }

  return {
    async run(line, work) {
      if (running < atOnce) running += 1
      else {
        if (lines[line].length >= waiting) throw new RateLimitedError(retryAfterSeconds, refusal)
        await new Promise<void>((begin) => lines[line].push(begin))
      }
      try {
        return await work()
      } finally {
        next()
      }
    },
  }
}
