import { TTL_OPTIONS, type TtlSums } from './usage-chains.js'

/** Why a TTL is advised, or none. */
export const TTL_REASONS = ['BAND_STILL_READS', 'TOO_FEW_NEIGHBOURS', 'TTL_IS_FIXED'] as const
export type TtlReason = (typeof TTL_REASONS)[number]

export interface TtlOption {
  readonly minutes: number
  /** The share of intervals that are at most this long, 0 to 1. */
  readonly keptShare: number
  /** The token hit rate of the later requests of neighbours in the option's band, 0 to 1; null if there are none. */
  readonly readShare: number | null
  readonly neighbours: number
}

export interface TtlAdvice {
  /** The gateway's own rule. */
  readonly gatewayMinutes: number
  readonly options: readonly TtlOption[]
  /** Null where the TTL cannot be set. */
  readonly recommendedMinutes: number | null
  readonly reason: TtlReason
}

/** A band tells whether a provider's cache lasts so long from so many neighbours on, and from such a share of their input. */
const LEAST_NEIGHBOURS = 20
const LEAST_READ = 0.1

const [SHORTEST] = TTL_OPTIONS

/** The rule of the gateway's own analysis. */
function gatewayMinutes({ p75Minutes, p90Minutes }: TtlSums): number {
  if (p90Minutes <= 5) return 5
  if (p75Minutes <= 15) return 15
  return p75Minutes <= 30 ? 30 : 60
}

function optionsOf({ intervals, within, bands }: TtlSums): TtlOption[] {
  return TTL_OPTIONS.map((minutes, at) => {
    const { neighbours = 0, readTokens = 0, inputTokens = 0 } = bands[at] ?? {}
    const kept = within.slice(0, at + 1).reduce((a, b) => a + b, 0)
    return {
      minutes,
      keptShare: intervals === 0 ? 0 : kept / intervals,
      readShare: inputTokens === 0 ? null : readTokens / inputTokens,
      neighbours,
    }
  })
}

/** Advises the longest TTL after which the provider's cache still reads: a pin must not outlive it. */
export function ttlAdviceOf(sums: TtlSums, ttlIsFixed: boolean): TtlAdvice {
  const options = optionsOf(sums)
  const figures = { gatewayMinutes: gatewayMinutes(sums), options }
  if (ttlIsFixed) return { ...figures, recommendedMinutes: null, reason: 'TTL_IS_FIXED' }
  const longest = options.findLast(
    ({ neighbours, readShare }) =>
      neighbours >= LEAST_NEIGHBOURS && readShare !== null && readShare >= LEAST_READ,
  )
  return longest
    ? { ...figures, recommendedMinutes: longest.minutes, reason: 'BAND_STILL_READS' }
    : { ...figures, recommendedMinutes: SHORTEST, reason: 'TOO_FEW_NEIGHBOURS' }
}

/** Puts groups in order: the most intervals first, then by key. */
export const mostIntervalsFirst = (a: TtlSums, b: TtlSums): number =>
  b.intervals - a.intervals || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
