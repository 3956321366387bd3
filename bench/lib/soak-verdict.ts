import { median } from './measure.js'
import type { QueryFigures } from './soak-clients.js'
import type { Sample } from './soak-service.js'

export interface SoakFigures {
  readonly seconds: number
  /** Wanted and actual rate. */
  readonly writesPerSecond: { readonly asked: number; readonly done: number }
  readonly queries: QueryFigures
  readonly clears: number
  readonly subscribers: {
    readonly count: number
    readonly dropped: number
    readonly silent: number
    readonly events: number
  }
  /** Samples after the warm-up. */
  readonly samples: readonly Sample[]
  readonly faults: { readonly count: number; readonly examples: readonly string[] }
  readonly drift: number
  /** Counts after the load: records in Redis, records in the index, and records that differ. */
  readonly records: { readonly redis: number; readonly index: number; readonly different: number }
  readonly warnings: readonly string[]
}

export interface SoakBounds {
  /** Permitted growth of the memory in use from the first third of the samples to the last: a share plus some bytes. */
  readonly growth: { readonly share: number; readonly bytes: number }
  /** Permitted growth of the resident memory, which includes memory that the allocator keeps. */
  readonly residentGrowth: { readonly share: number; readonly bytes: number }
  /** Largest median of the samples' p99 delays of the event loop, in milliseconds. */
  readonly loopP99Ms: number
  /** Smallest share of the wanted writes. With less load the soak proves nothing. */
  readonly leastLoad: number
}

const MIB = 1024 * 1024

export const BOUNDS: SoakBounds = {
  growth: { share: 0.1, bytes: 5 * MIB },
  residentGrowth: { share: 0.2, bytes: 20 * MIB },
  loopP99Ms: 100,
  leastLoad: 0.9,
}

/** Returns the medians of the first and the last third of the values. */
export function trend(values: readonly number[]): { readonly first: number; readonly last: number } {
  const third = Math.ceil(values.length / 3)
  return { first: median(values.slice(0, third)), last: median(values.slice(-third)) }
}

/** Returns a sentence for each bound that was broken. */
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
