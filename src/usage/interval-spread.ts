import type { TimeSlice } from '../util/time-slice.js'
import { TTL_OPTIONS, type TtlSums } from './usage-chains.js'

/** How intervals are spread. */
export type IntervalSpread = Omit<TtlSums, 'key' | 'requests' | 'bands' | 'currentMinutes'>

/** Intervals in microseconds, the shortest first. */
export type SortedIntervals = Float64Array | Uint32Array

const MICROSECONDS = 60_000_000
/** So many numbers are sorted without a break: less than a slice takes. */
const SORTED_AT_ONCE = 16_384

/** Sorts parts of intervals in place. */
export async function sortedChunks(intervals: Float64Array, slice: TimeSlice): Promise<SortedIntervals[]> {
  const chunks: Float64Array[] = []
  await slice.blocks(
    intervals.length,
    (from, to) => chunks.push(intervals.subarray(from, to).sort()),
    SORTED_AT_ONCE,
  )
  return chunks
}

/** @param chunks with at least one interval in all */
export function spreadOfSorted(chunks: readonly SortedIntervals[]): IntervalSpread {
  const intervals = chunks.reduce((sum, { length }) => sum + length, 0)
  const upTo = (limit: number) => chunks.reduce((sum, chunk) => sum + countUpTo(chunk, limit), 0)
  const counts = TTL_OPTIONS.map((minutes) => upTo(minutes * MICROSECONDS))
  const [a = 0, b = 0, c = 0, d = 0] = counts
  const longest = chunks.reduce((most, chunk) => Math.max(most, chunk.at(-1) ?? 0), 0)
  const percentile = (share: number) => percentileOf(share, intervals, longest, upTo) / MICROSECONDS
  return {
    intervals,
    within: [a, b - a, c - b, d - c, intervals - d],
    p50Minutes: percentile(0.5),
    p75Minutes: percentile(0.75),
    p90Minutes: percentile(0.9),
    maxMinutes: longest / MICROSECONDS,
  }
}

/** How many of sorted numbers are at most so large. */
function countUpTo(sorted: SortedIntervals, limit: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

/** Linear between neighbours, as PERCENTILE_CONT. */
function percentileOf(
  share: number,
  count: number,
  largest: number,
  upTo: (limit: number) => number,
): number {
  const at = share * (count - 1)
  const low = nth(Math.floor(at), largest, upTo)
  const high = Number.isInteger(at) ? low : nth(Math.ceil(at), largest, upTo)
  return low + (high - low) * (at - Math.floor(at))
}

/** The number at a place among all, counted from 0: the least whole one that more than so many do not exceed. */
function nth(place: number, largest: number, upTo: (limit: number) => number): number {
  let [low, high] = [0, largest]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (upTo(middle) > place) high = middle
    else low = middle + 1
  }
  return low
}
