import type { TimeSlice } from '../../util/time-slice.js'

/**
 * Sorts numbers by their texts, in time slices (natural merge sort). It finds the runs that are already in order, so that
 * sorted input takes one pass, and nearly sorted input little more.
 */
export async function sortByText(
  order: Int32Array,
  textOf: (number: number) => string,
  slice: TimeSlice,
): Promise<Int32Array> {
  let from = order
  let runs = await runsOf(from, textOf, slice)
  let to = runs.length > 2 ? new Int32Array(order.length) : from
  while (runs.length > 2) {
    const merged = [0]
    for (let run = 0; run + 1 < runs.length; run += 2) {
      const [start = 0, middle = start, end = middle] = runs.slice(run, run + 3)
      await merge(from, to, start, middle, end, textOf, slice)
      merged.push(end)
    }
    runs = merged
    ;[from, to] = [to, from]
  }
  return from
}

/** Returns the place where each run begins, and the end of the last run. */
async function runsOf(
  order: Int32Array,
  textOf: (number: number) => string,
  slice: TimeSlice,
): Promise<number[]> {
  const runs = [0]
  let before = order.length > 0 ? textOf(order[0] ?? 0) : ''
  await slice.blocks(order.length, (start, end) => {
    for (let at = Math.max(start, 1); at < end; at++) {
      const text = textOf(order[at] ?? 0)
      if (text < before) runs.push(at)
      before = text
    }
  })
  runs.push(order.length)
  return runs
}

/** Merges two neighbouring runs. The merge is stable. */
async function merge(
  from: Int32Array,
  to: Int32Array,
  start: number,
  middle: number,
  end: number,
  textOf: (number: number) => string,
  slice: TimeSlice,
): Promise<void> {
  let left = start
  let right = middle
  for (let at = start; at < end; at++) {
    const takesRight = left >= middle || (right < end && textOf(from[right] ?? 0) < textOf(from[left] ?? 0))
    to[at] = from[takesRight ? right++ : left++] ?? 0
    if (slice.isOver()) await slice.next()
  }
}

/** One digit of each slot's number, in an array that may hold several digits of a number side by side. */
export interface Digits {
  readonly of: Int32Array | Uint16Array
  /** The number of array elements for each slot. */
  readonly stride: number
  /** The place of this digit among the elements of its slot. */
  readonly at: number
  /** All digits are below it. */
  readonly limit: number
}

/** Up to so many slots are compared instead: counting passes over all that a digit may be. */
const FEW = 256

/**
 * Sorts slots by one digit (counting sort, stable). Called for each digit, the least significant first, it sorts numbers
 * (LSD radix sort).
 */
export async function sortByDigit(from: Int32Array, digits: Digits, slice: TimeSlice): Promise<Int32Array> {
  const { of, stride, at, limit } = digits
  if (from.length <= FEW) {
    const digitOf = (slot: number) => of[slot * stride + at] ?? 0
    return Int32Array.from([...from].sort((a, b) => digitOf(a) - digitOf(b)))
  }
  const places = new Int32Array(limit)
  await slice.blocks(from.length, (start, end) => {
    for (let index = start; index < end; index++) {
      const digit = of[(from[index] ?? 0) * stride + at] ?? 0
      places[digit] = (places[digit] ?? 0) + 1
    }
  })
  if (from.length > 0 && places[of[(from[0] ?? 0) * stride + at] ?? 0] === from.length) return from
  let sum = 0
  for (let digit = 0; digit < limit; digit++) {
    const count = places[digit] ?? 0
    places[digit] = sum
    sum += count
  }
  const to = new Int32Array(from.length)
  await slice.blocks(from.length, (start, end) => {
    for (let index = start; index < end; index++) {
      const slot = from[index] ?? 0
      const digit = of[slot * stride + at] ?? 0
      const place = places[digit] ?? 0
      places[digit] = place + 1
      to[place] = slot
    }
  })
  return to
}
