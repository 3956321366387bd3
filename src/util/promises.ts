/** A value that comes at once where it is known already: a promise for each field of 1,000 records costs more than the field. */
export type MaybePromise<T> = T | Promise<T>

export const whenKnown = <T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> => (value instanceof Promise ? value.then(next) : next(value))

/** Reads when it is first called, and gives the same answer from then on, a failure as well. */
export function once<T>(read: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => {
    answer ??= read()
    return answer
  }
}

/**
 * Waits for the last work of something that ends, but no longer than this many milliseconds: a server that no longer
 * answers must not hold up the end of the process.
 * @throws what the work throws in time
 */
export async function withinGrace(work: Promise<void>, graceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs)
  })
  await Promise.race([work, grace]).finally(() => clearTimeout(timer))
}
