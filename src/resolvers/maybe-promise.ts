/**
 * A value that is returned without a promise if it is known: a promise for each field of 1,000 records costs more than the
 * field.
 */
export type MaybePromise<T> = T | Promise<T>

export const whenKnown = <T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> => (value instanceof Promise ? value.then(next) : next(value))
