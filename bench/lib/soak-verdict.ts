import { median } from './measure.js'
import type { QueryFigures } from './soak-clients.js'
import type { Sample } from './soak-service.js'

export interface SoakFigures {
  readonly seconds: number
  /** What was asked for, and what came of it. */
  readonly writesPerSecond: { readonly asked: number; readonly done: number }
  readonly queries: QueryFigures
  readonly clears: number
  readonly subscribers: {
    readonly count: number
    readonly dropped: number
    readonly silent: number
    readonly events: number
  }
  /** After the warm-up. */
  readonly samples: readonly Sample[]
  readonly faults: { readonly count: number; readonly examples: readonly string[] }
  readonly drift: number
  /** After the load: records in Redis, in the index, and how many are not the same in both. */
  readonly records: { readonly redis: number; readonly index: number; readonly different: number }
  readonly warnings: readonly string[]
}

export interface SoakBounds {
  /** Memory in use may grow by this share of it, and by this many bytes, from the first third to the last. */
  readonly growth: { readonly share: number; readonly bytes: number }
  /** The same of the resident memory, which also holds what the allocator keeps. */
  readonly residentGrowth: { readonly share: number; readonly bytes: number }
  /** Of the event loop's delay between two samples, the median over the run. */
  readonly loopP99Ms: number
  /** The least share of the writes asked for that must have been made: else nothing was shown. */
  readonly leastLoad: number
}

const MIB = 1024 * 1024

export const BOUNDS: SoakBounds = {
  growth: { share: 0.1, bytes: 5 * MIB },
  residentGrowth: { share: 0.2, bytes: 20 * MIB },
  loopP99Ms: 100,
  leastLoad: 0.9,
}

/** The medians of the first and of the last third. */
export function trend(values: readonly number[]): { readonly first: number; readonly last: number } {
  const third = Math.ceil(values.length / 3)
  return { first: median(values.slice(0, third)), last: median(values.slice(-third)) }
}

/** What did not hold, in words; nothing where all did. */
export function verdict(figures: SoakFigures, bounds: SoakBounds = BOUNDS): string[] {
  const { samples, subscribers, faults, records, writesPerSecond } = figures
  const loop = median(samples.map(({ p99Ms }) => p99Ms))
  const load = writesPerSecond.done / writesPerSecond.asked
  const failures: (readonly [boolean, string])[] = [
    [samples.length < 6, `only ${samples.length} samples of memory were taken`],
    [
      grew(
        samples.map(({ liveBytes }) => liveBytes),
        bounds.growth,
      ),
      'memory in use grew',
    ],
    [
      grew(
        samples.map(({ rssBytes }) => rssBytes),
        bounds.residentGrowth,
      ),
      'resident memory grew',
    ],
    [!(loop <= bounds.loopP99Ms), `the event loop's delay was ${loop.toFixed(0)} ms at p99`],
    [faults.count > 0, `${faults.count} answers had errors: ${faults.examples.join('; ')}`],
    [figures.queries.count === 0 || figures.clears === 0, 'nothing was asked, or nothing cleared'],
    [subscribers.dropped > 0, `${subscribers.dropped} subscribers were dropped`],
    [subscribers.silent > 0, `${subscribers.silent} subscribers heard nothing`],
    [figures.drift !== 0, `the index had drifted by ${figures.drift} records`],
    [
      records.different > 0 || records.redis !== records.index,
      `the index has ${records.index} records, Redis ${records.redis}, and ${records.different} are not the same`,
    ],
    [load < bounds.leastLoad, `only ${(load * 100).toFixed(0)} % of the writes were made`],
    [figures.warnings.length > 0, `the log has warnings: ${figures.warnings.slice(0, 3).join(' ')}`],
  ]
  return failures.flatMap(([failed, words]) => (failed ? [words] : []))
}

function grew(values: readonly number[], { share, bytes }: SoakBounds['growth']): boolean {
  const { first, last } = trend(values)
  return !(last <= first * (1 + share) + bytes)
}
