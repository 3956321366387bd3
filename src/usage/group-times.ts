import { TimeSlice } from '../util/time-slice.js'
import { type IntervalSpread, sortedChunks, spreadOfSorted } from './interval-spread.js'
import { LEAST_INTERVALS } from './usage-chains.js'

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
export interface Spread extends IntervalSpread {
  readonly key: string
  readonly requests: number
}

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
  return {
    key,
    requests,
    ...spreadOfSorted(await sortedChunks(await intervalsOf(units, requests, slice), slice)),
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
