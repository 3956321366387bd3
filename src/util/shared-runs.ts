import { setImmediate as nextTurn } from 'node:timers/promises'
import { RateLimitedError } from '../errors.js'

/**
 * Bounds of large reads. Two at a time take what memory and processor a container has to spare, and one of them is always for
 * somebody else. A read uses one database connection at a time, so that most of a pool of ten stays free.
 */
export const RUN_LIMITS = { atOnce: 2, atOncePerAsker: 1, waiting: 300, waitingPerAsker: 30 } as const
/** Seconds after which an asker whose question was not taken may try again. */
const RETRY_AFTER_SECONDS = 5

/** Runs large reads: each question once for all who ask it at the same moment, and only a few reads at a time. */
export interface SharedRuns {
  /**
   * Answers a question by one run of its read. Those who ask while the run waits share it; those who ask while it runs share
   * the next one, since the running one may have passed what they have just changed (single flight).
   * @param question is equal for reads that have the same answer
   * @param signal ends the wait of this asker; a run that nobody waits for any more gets its own signal aborted
   * @throws RateLimitedError if too many questions wait; what the read throws
   */
  run<T>(
    question: string,
    asker: string,
    signal: AbortSignal,
    read: (signal: AbortSignal) => Promise<T>,
  ): Promise<T>
}

interface Run {
  readonly question: string
  /** Everybody who waits for the answer; an asker who waits twice is there twice. */
  readonly askers: string[]
  readonly stop: AbortController
  readonly begin: () => void
  readonly answer: Promise<unknown>
}

export function createSharedRuns(
  limits: Readonly<Record<keyof typeof RUN_LIMITS, number>> = RUN_LIMITS,
): SharedRuns {
  /** In the order of the first asker. */
  const waiting = new Set<Run>()
  /** Each running run, with the asker whose share it uses. */
  const running = new Map<Run, string>()
  let isStarting = false

  const countOf = (asker: string) => [...running.values()].filter((name) => name === asker).length
  const isRunning = (question: string) => [...running.keys()].some((run) => run.question === question)

  function startNext(): void {
    for (const run of waiting) {
      if (running.size >= limits.atOnce) return
      if (isRunning(run.question)) continue
      const owner = run.askers.find((asker) => countOf(asker) < limits.atOncePerAsker)
      if (owner === undefined) continue
      waiting.delete(run)
      running.set(run, owner)
      run.begin()
    }
  }

  /** Starts what may start in the next turn of the event loop: all who ask in this turn share one run. */
  function startSoon(): void {
    if (isStarting) return
    isStarting = true
    void nextTurn().then(() => {
      isStarting = false
      startNext()
    })
  }

  function createRun(question: string, asker: string, read: (signal: AbortSignal) => Promise<unknown>): Run {
    const mine = [...waiting].filter(({ askers }) => askers.includes(asker)).length
    if (waiting.size >= limits.waiting || mine >= limits.waitingPerAsker) {
      throw new RateLimitedError(RETRY_AFTER_SECONDS, 'Too many large reads wait already.')
    }
    const stop = new AbortController()
    let begin = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const answer = begun
      .then(() => read(stop.signal))
      .finally(() => {
        running.delete(run)
        startSoon()
      })
    // Those who asked may all have gone.
    answer.catch(() => {})
    const run: Run = { question, askers: [], stop, begin, answer }
    waiting.add(run)
    startSoon()
    return run
  }

  function leave(run: Run, asker: string): void {
    run.askers.splice(run.askers.indexOf(asker), 1)
    if (run.askers.length > 0) return
    waiting.delete(run)
    run.stop.abort()
  }

  return {
    async run<T>(
      question: string,
      asker: string,
      signal: AbortSignal,
      read: (signal: AbortSignal) => Promise<T>,
    ): Promise<T> {
      signal.throwIfAborted()
      const run = [...waiting].find((one) => one.question === question) ?? createRun(question, asker, read)
      run.askers.push(asker)
      let stopWaiting = () => {}
      const gone = new Promise<never>((_resolve, reject) => {
        stopWaiting = () => reject(signal.reason)
        signal.addEventListener('abort', stopWaiting, { once: true })
      })
      try {
        return (await Promise.race([run.answer, gone])) as T
      } finally {
        signal.removeEventListener('abort', stopWaiting)
        leave(run, asker)
      }
    },
  }
}
