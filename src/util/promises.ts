/** A value, or a promise of it: a promise for each field of 1,000 records would cost more than the fields. */
export type MaybePromise<T> = T | Promise<T>

export const whenKnown = <T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> => (value instanceof Promise ? value.then(next) : next(value))

/** Wraps a read so that it runs once, at the first call. All calls share its result, also a failure. */
export function once<T>(read: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => {
    answer ??= read()
    return answer
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
 * Waits for work, but no longer than these milliseconds: a server that does not answer must not delay the end of the
 * process.
 * @throws what the work throws in time
 */
export async function withinGrace(work: Promise<void>, graceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs)
  })
  await Promise.race([work, grace]).finally(() => clearTimeout(timer))
}
