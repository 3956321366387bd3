/** The TTLs that a gateway's page offers, in minutes: the chart has a line at each. */
export const RULES = [5, 15, 30, 60] as const

/** Shorter pauses stand at the bottom. */
const SHORTEST_MINUTES = 0.1

/** The chart's width and height. */
const SIZE = 1_000

interface Point {
  readonly at: string
  readonly minutes: number
}

interface Places {
  /** Draws a dot for each point. */
  readonly path: string
  /** How far below the top so many minutes stand. */
  readonly heightOf: (minutes: number) => number
}

/** Returns where points stand: their times across, and the logarithm of their lengths upwards. */
export function placesOf(
  points: readonly Point[],
  { since, until }: { readonly since: string; readonly until: string },
): Places {
  const [from, to] = [Date.parse(since), Date.parse(until)]
  const longest = Math.max(2 * RULES[3], ...points.map(({ minutes }) => minutes))
  const range = Math.log(longest / SHORTEST_MINUTES)
  const heightOf = (minutes: number) =>
    Math.round(SIZE * (1 - Math.log(Math.max(minutes, SHORTEST_MINUTES) / SHORTEST_MINUTES) / range))
  const across = (at: string) => Math.round((SIZE * (Date.parse(at) - from)) / (to - from))
  return { path: points.map(({ at, minutes }) => `M${across(at)} ${heightOf(minutes)}h0`).join(''), heightOf }
}
