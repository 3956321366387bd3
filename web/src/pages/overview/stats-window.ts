import { client } from '../../api/client.js'
import { CacheStatsLiveDocument, type StatsFragment } from '../../generated/graphql.js'
import { createStore } from '../../hooks/store.js'

export const INTERVAL_SECONDS = 5
export const WINDOW_MINUTES = 15
const WINDOW_MS = WINDOW_MINUTES * 60_000

/** The point describes one interval. A rate is null if nothing was counted: no data is not 0. */
export interface StatsPoint {
  /** Unix milliseconds. */
  readonly at: number
  readonly affinities: number
  readonly hitRate: number | null
  readonly reuseRate: number | null
  /** These are changes per second, as this service saw them. */
  readonly created: number | null
  readonly refreshed: number | null
  readonly switched: number | null
  readonly removed: number | null
  readonly expired: number | null
}

export interface StatsWindow {
  readonly latest: StatsFragment | null
  readonly points: readonly StatsPoint[]
  readonly error: unknown
}

/** The window outlives the page, so that a visit to another page does not empty the charts. Old points are dropped. */
export const statsWindow = createStore<StatsWindow>({ latest: null, points: [], error: undefined })

export function takeIn(stats: StatsFragment, at: number): void {
  const { latest, points } = statsWindow.get()
  const before = points.at(-1)
  const next = pointOf(stats, at, before && latest ? { stats: latest, at: before.at } : null)
  statsWindow.set({
    latest: stats,
    points: [...points.filter((point) => at - point.at < WINDOW_MS), next],
    error: undefined,
  })
}

const tell = (error: unknown) => statsWindow.set({ ...statsWindow.get(), error })

/** @returns how to stop */
export function followStats(): () => void {
  const subscription = client
    .subscribe({
      query: CacheStatsLiveDocument,
      variables: { intervalSeconds: INTERVAL_SECONDS },
      fetchPolicy: 'no-cache',
      context: { onInterrupted: tell },
    })
    .subscribe({ next: ({ data }) => data && takeIn(data.cacheStats, Date.now()), error: tell })
  return () => subscription.unsubscribe()
}

export function pointOf(
  stats: StatsFragment,
  at: number,
  before: { readonly stats: StatsFragment; readonly at: number } | null,
): StatsPoint {
  const { schedulerMetrics, observed, totalAffinities } = stats
  const none = {
    hitRate: null,
    reuseRate: null,
    created: null,
    refreshed: null,
    switched: null,
    removed: null,
    expired: null,
  }
  // A restarted service counts from zero.
  if (!before || before.stats.observed.since !== observed.since)
    return { at, affinities: totalAffinities, ...none }
  const { schedulerMetrics: thenScheduler, observed: then } = before.stats
  const seconds = Math.max((at - before.at) / 1_000, 1)
  const perSecond = (now: number, earlier: number) =>
    Math.round((Math.max(now - earlier, 0) / seconds) * 10) / 10
  const share = (part: number | null, rest: number | null) =>
    part !== null && rest !== null && part >= 0 && rest >= 0 && part + rest > 0 ? part / (part + rest) : null
  /** What a counter grew by; null if nobody reports it. */
  const grown = (now: number | null, earlier: number | null) =>
    now === null || earlier === null ? null : now - earlier
  return {
    at,
    affinities: totalAffinities,
    hitRate: share(
      grown(schedulerMetrics.cacheHits, thenScheduler.cacheHits),
      grown(schedulerMetrics.cacheMisses, thenScheduler.cacheMisses),
    ),
    reuseRate: share(observed.refreshed - then.refreshed, observed.created - then.created),
    created: perSecond(observed.created, then.created),
    refreshed: perSecond(observed.refreshed, then.refreshed),
    switched: perSecond(
      observed.providerSwitches + observed.keySwitches,
      then.providerSwitches + then.keySwitches,
    ),
    removed: perSecond(observed.removed, then.removed),
    expired: perSecond(observed.expired, then.expired),
  }
}
