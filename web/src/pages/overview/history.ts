import type { HistoryQuery } from '../../generated/graphql.js'
import type { StatsPoint } from './stats-window.js'

/** How far the charts reach back: as long as the page has been open, or as the server remembers. */
export const PERIODS = ['page', '1h', '6h', '24h'] as const
export type Period = (typeof PERIODS)[number]
export type Past = Exclude<Period, 'page'>

export const isPeriod = (text: string): text is Period => PERIODS.some((period) => period === text)

/** So many buckets are about as many as a chart has room for. */
export const BUCKETS: Readonly<Record<Past, { readonly hours: number; readonly seconds: number }>> = {
  '1h': { hours: 1, seconds: 60 },
  '6h': { hours: 6, seconds: 300 },
  '24h': { hours: 24, seconds: 900 },
}

/** Returns the start of the first bucket, RFC 3339, which stays the same until the next bucket begins. */
export function sinceOf(period: Past, now: number): string {
  const { hours, seconds } = BUCKETS[period]
  const bucket = Math.floor(now / (seconds * 1_000))
  return new Date((bucket - (hours * 3_600) / seconds) * seconds * 1_000).toISOString()
}

type HistoryPoint = Omit<StatsPoint, 'hitRate' | 'reuseRate' | 'affinities'> & {
  readonly affinities: number | null
}

/**
 * Returns a point at the end of each bucket, and one of now. A bucket that was not wholly seen, or is not over, is a gap:
 * its count would look like a calm.
 */
export function historyPoints(
  { buckets }: HistoryQuery['affinityHistory'],
  now: number,
  total: number | null,
): readonly HistoryPoint[] {
  const NOTHING = { created: null, refreshed: null, switched: null, removed: null, expired: null }
  const points = buckets.map(({ start, seconds, complete, total: affinities, ...counts }) => {
    const at = Date.parse(start) + seconds * 1_000
    const { created, refreshed, switched, removed, expired } = counts
    return {
      at,
      affinities,
      ...(complete ? { created, refreshed, switched, removed, expired } : NOTHING),
    }
  })
  return [...points.filter(({ at }) => at <= now), { at: now, affinities: total, ...NOTHING }]
}
