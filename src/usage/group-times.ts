import { TimeSlice } from '../util/time-slice.js'
import { LEAST_INTERVALS, TTL_OPTIONS, type TtlSums } from './usage-chains.js'

/** When the requests of a unit came, by group: four bytes a request. */
export interface GroupTimes {
  /** The start of the unit in microseconds since 1970. */
  readonly from: number
  /** In the order of their code units. */
  readonly keys: readonly string[]
  /** The end of each group's times. */
  readonly ends: Uint32Array
  /** Microseconds since the start, ordered within each group. */
  readonly times: Uint32Array
}

const BYTES_OF_KEY = 16
/** About what times take in memory. */
export const bytesOf = ({ keys, times }: GroupTimes): number =>
  200 + keys.length * BYTES_OF_KEY + times.byteLength

/** What the intervals of a group are. */
export type Spread = Omit<TtlSums, 'bands' | 'currentMinutes'>

const MICROSECONDS = 60_000_000
/** So many numbers are sorted without a break: less than a slice takes. */
const SORTED_AT_ONCE = 16_384

/** Puts the times of groups, which come in any order, into the order of their keys. */
export function packTimes(
  from: number,
  groups: readonly (readonly [key: string, times: Uint32Array])[],
): GroupTimes {
  const ordered = [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
  const times = new Uint32Array(groups.reduce((sum, [, { length }]) => sum + length, 0))
  const ends = new Uint32Array(groups.length)
  let end = 0
  for (const [place, [, own]] of ordered.entries()) {
    times.set(own, end)
    times.subarray(end, end + own.length).sort()
    end += own.length
    ends[place] = end
  }
  return { from, keys: ordered.map(([key]) => key), ends, times }
}

/**
 * The intervals between consecutive requests of each group with enough of them.
 * @param units oldest first
 */
export async function spreadsOf(units: readonly GroupTimes[]): Promise<Spread[]> {
  const slice = new TimeSlice()
  // Each unit's keys are walked through once, all units side by side.
  const places = new Uint32Array(units.length)
  const spreads: Spread[] = []
  for (;;) {
    const key = leastKey(units, places)
    if (key === undefined) return spreads
    const mine = units.flatMap((unit, at) => {
      const place = places[at] ?? 0
      if (unit.keys[place] !== key) return []
      places[at] = place + 1
      return [{ from: unit.from, times: unit.times.subarray(unit.ends[place - 1] ?? 0, unit.ends[place]) }]
    })
    const spread = await spreadOf(key, mine, slice)
    if (spread) spreads.push(spread)
    if (slice.isOver()) await slice.next()
  }
}

function leastKey(units: readonly GroupTimes[], places: Uint32Array): string | undefined {
  let least: string | undefined
  for (const [at, { keys }] of units.entries()) {
    const key = keys[places[at] ?? 0]
    if (key !== undefined && (least === undefined || key < least)) least = key
  }
  return least
}

type OfUnit = Pick<GroupTimes, 'from' | 'times'>

async function spreadOf(
  key: string,
  units: readonly OfUnit[],
  slice: TimeSlice,
): Promise<Spread | undefined> {
  const requests = units.reduce((sum, { times }) => sum + times.length, 0)
  if (requests <= LEAST_INTERVALS) return undefined
  const intervals = await intervalsOf(units, requests, slice)
  const chunks: Float64Array[] = []
  await slice.blocks(
    intervals.length,
    (from, to) => chunks.push(intervals.subarray(from, to).sort()),
    SORTED_AT_ONCE,
  )
  const upTo = (limit: number) => chunks.reduce((sum, chunk) => sum + countUpTo(chunk, limit), 0)
  const counts = TTL_OPTIONS.map((minutes) => upTo(minutes * MICROSECONDS))
  const [a = 0, b = 0, c = 0, d = 0] = counts
  const longest = Math.max(...chunks.map((chunk) => chunk.at(-1) ?? 0))
  const percentile = (share: number) => percentileOf(share, intervals.length, longest, upTo) / MICROSECONDS
  return {
    key,
    requests,
    intervals: intervals.length,
    within: [a, b - a, c - b, d - c, intervals.length - d],
    p50Minutes: percentile(0.5),
    p75Minutes: percentile(0.75),
    p90Minutes: percentile(0.9),
    maxMinutes: longest / MICROSECONDS,
  }
}

async function intervalsOf(
  units: readonly OfUnit[],
  requests: number,
  slice: TimeSlice,
): Promise<Float64Array> {
  const intervals = new Float64Array(requests - 1)
  let [count, last] = [-1, 0]
  for (const { from, times } of units) {
    await slice.blocks(times.length, (start, end) => {
      for (let at = start; at < end; at += 1) {
        const time = from + (times[at] ?? 0)
        if (count >= 0) intervals[count] = time - last
        last = time
        count += 1
      }
    })
  }
  return intervals
}

/** How many of sorted numbers are at most so large. */
function countUpTo(sorted: Float64Array, limit: number): number {
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
