/** A value, or a promise of it: a promise for each field of 1,000 records would cost more than the fields. */
export type MaybePromise<T> = T | Promise<T>

export const whenKnown = <T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> => (value instanceof Promise ? value.then(next) : next(value))

/** Wraps a function so that it runs once, at the first call. All calls share its result, also a promise that fails. */
export function once<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** Wraps a read so that its result is used for some milliseconds; a failure is not. */
export function remembered<T>(read: () => Promise<T>, forMs: number): () => Promise<T> {
  let answer: Promise<T> | undefined
  let readAt = 0
  return () => {
    if (answer === undefined || performance.now() - readAt > forMs) {
      const begun = read()
      begun.catch(() => {
        if (answer === begun) answer = undefined
      })
      answer = begun
      readAt = performance.now()
    }
    return answer
  }
}

/**
 * Wraps a read for very many who ask: it runs for each of the first few, and then once for all who ask within so many
 * milliseconds, who get its latest result at once, or wait for the run that is under way.
 * @param burst how many runs may follow each other; used ones come back one by one
 */
export function sparing<T>(read: () => Promise<T>, burst: number, everyMs: number): () => Promise<T> {
  let runs = burst
  let countedAt = performance.now()
  let latest: { readonly result: T; readonly begunAt: number } | undefined
  let running: Promise<T> | undefined
  return async () => {
    const now = performance.now()
    runs = Math.min(burst, runs + (now - countedAt) / everyMs)
    countedAt = now
    if (runs < 1 && latest && now - latest.begunAt < 2 * everyMs) return latest.result
    if (runs < 1 && running) return running
    runs = Math.max(0, runs - 1)
    const begun = read().finally(() => {
      if (running === begun) running = undefined
    })
    running = begun
    const result = await begun
    if (latest === undefined || latest.begunAt < now) latest = { result, begunAt: now }
    return result
  }
}

/**
 * Waits for work, but no longer than these milliseconds: a server that does not answer must not delay the end of the
 * process, or an answer that can do without.
 * @returns what the work does, undefined if it was not done in time
 * @throws what the work throws in time
 */
export async function withinGrace<T>(work: Promise<T>, graceMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const grace = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), graceMs)
  })
  return Promise.race([work, grace]).finally(() => clearTimeout(timer))
}
