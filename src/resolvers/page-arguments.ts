import { InvalidInputError } from '../errors.js'

export const MAX_FIRST = 1_000
export const DEFAULT_FIRST = 100

/** @throws InvalidInputError if `first` is outside 1..1000; silent clamping would look like the end of the list */
export function readFirst(first: number | null | undefined): number {
  const wanted = first ?? DEFAULT_FIRST
  if (wanted < 1 || wanted > MAX_FIRST) {
    throw new InvalidInputError(`first must be between 1 and ${MAX_FIRST}; it was ${wanted}.`, 'first')
  }
  return wanted
}

/** @throws InvalidInputError if `offset` is negative or combined with `after` */
export function readOffset(offset: number | null | undefined, after: string | null | undefined): number {
  if (offset == null) return 0
  if (offset < 0) throw new InvalidInputError(`offset must not be negative; it was ${offset}.`, 'offset')
  if (after != null) {
    throw new InvalidInputError('offset and after cannot be combined: use one of the two.', 'offset')
  }
  return offset
}
