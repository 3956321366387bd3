import type { StorageType } from '../affinities/affinity-store.js'
import type { AffinityCounters, Counters, SchedulerCounters } from './counters.js'
import type { GatewayPoller, GatewayState } from './gateway-poller.js'
import type { StatsStore } from './stats-store.js'

/** The combined counters of all sources. A figure that no source reports is null, which is not the same as 0. */
export interface Statistics {
  readonly scheduler: {
    readonly totalBatches: number | null
    readonly totalCandidates: number | null
    readonly cacheHits: number | null
    readonly cacheMisses: number | null
    /** 0 to 1; null if there were no lookups. */
    readonly cacheHitRate: number | null
    readonly concurrencyDenied: number | null
    /** Null if there was no batch. */
    readonly avgCandidatesPerBatch: number | null
    readonly reservationProbeCount: number | null
    readonly reservationStableCount: number | null
    /** 0 to 1. */
    readonly avgReservationRatio: number | null
    readonly lastBatchSize: number | null
    readonly lastCandidateCount: number | null
    readonly lastApiFormat: string | null
    readonly lastModelName: string | null
    readonly lastUpdatedAt: Date | null
  }
  readonly affinity: {
    readonly cacheHits: number | null
    readonly cacheMisses: number | null
    readonly cacheHitRate: number | null
    readonly cacheInvalidations: number | null
    readonly providerSwitches: number | null
    readonly keySwitches: number | null
  }
}

/** The statistics, and why some of them are not there. */
export interface ReportedStatistics extends Statistics {
  readonly problem: string | null
}

export interface StatisticsReader {
  readonly storageType: StorageType
  /** Reads all sources. It throws UnavailableError (CACHE_UNAVAILABLE) rather than leave out the cache's counters. */
  read(): Promise<ReportedStatistics>
}

/** @param gateways the gateways that are polled over HTTP, if there are any */
export const createStatisticsReader = (
  store: StatsStore,
  gateways: Pick<GatewayPoller, 'counters' | 'states'> | undefined,
): StatisticsReader => ({
  storageType: store.storageType,
  async read() {
    const sources = [await store.readCounters(), ...(gateways?.counters() ?? [])]
    return { ...combine(sources), problem: problemOf(sources, gateways?.states()) }
  },
})

/** Says in a sentence why figures are null or incomplete; null if every source that is configured reports. */
function problemOf(sources: readonly Counters[], states: readonly GatewayState[] | undefined): string | null {
  const silent = states?.filter(({ isUp }) => !isUp) ?? []
  if (silent.length > 0) {
    return `Left out of the counts: ${silent.map(({ url, problem }) => `${url} (${problem})`).join(', ')}.`
  }
  if (sources.some(({ scheduler, affinity }) => hasFigure(scheduler) || hasFigure(affinity))) return null
  return 'No gateway reports its counts. GATEWAY_URLS lets this service ask for them; what it sees itself is in `observed`.'
}

const hasFigure = (counters: object): boolean => Object.keys(counters).length > 0

/**
 * Combines the counters of several sources. Sums are added; averages are computed from the sums or weighted by them. Facts
 * of the last batch come from the source that changed last or, if no source has that time, from the first that has any.
 */
export function combine(sources: readonly Counters[]): Statistics {
  const schedulers = sources.map(({ scheduler }) => scheduler)
  const affinities = sources.map(({ affinity }) => affinity)
  const last = latest(schedulers)
  const totalBatches = sum(schedulers, ({ total_batches }) => total_batches)
  const totalCandidates = sum(schedulers, ({ total_candidates }) => total_candidates)
  return {
    scheduler: {
      totalBatches,
      totalCandidates,
      ...hitsAndMisses(schedulers),
      concurrencyDenied: sum(schedulers, ({ concurrency_denied }) => concurrency_denied),
      avgCandidatesPerBatch: shareOf(totalCandidates, totalBatches),
      reservationProbeCount: sum(schedulers, ({ reservation_probe_count }) => reservation_probe_count),
      reservationStableCount: sum(schedulers, ({ reservation_stable_count }) => reservation_stable_count),
      avgReservationRatio: weightedRatio(schedulers),
      lastBatchSize: last.last_batch_size ?? null,
      lastCandidateCount: last.last_candidate_count ?? null,
      lastApiFormat: last.last_api_format ?? null,
      lastModelName: last.last_model_name ?? null,
      lastUpdatedAt: last.last_updated_at === undefined ? null : new Date(last.last_updated_at * 1_000),
    },
    affinity: {
      ...hitsAndMisses(affinities),
      cacheInvalidations: sum(affinities, ({ cache_invalidations }) => cache_invalidations),
      providerSwitches: sum(affinities, ({ provider_switches }) => provider_switches),
      keySwitches: sum(affinities, ({ key_switches }) => key_switches),
    },
  }
}

/** Adds up a figure over the sources that report it; null if none does. */
function sum<T>(sources: readonly T[], figure: (source: T) => number | undefined): number | null {
  const reported = sources.map(figure).filter((value) => value !== undefined)
  return reported.length === 0 ? null : reported.reduce((total, value) => total + value, 0)
}

/** Divides; null if there is nothing to divide, or nothing to divide by. */
const shareOf = (part: number | null, whole: number | null): number | null =>
  part === null || whole === null || whole === 0 ? null : part / whole

function hitsAndMisses(sources: readonly (SchedulerCounters | AffinityCounters)[]) {
  const cacheHits = sum(sources, ({ cache_hits }) => cache_hits)
  const cacheMisses = sum(sources, ({ cache_misses }) => cache_misses)
  const lookups = (cacheHits ?? 0) + (cacheMisses ?? 0)
  return { cacheHits, cacheMisses, cacheHitRate: shareOf(cacheHits ?? 0, lookups) }
}

const checksOf = (source: SchedulerCounters): number =>
  (source.reservation_probe_count ?? 0) + (source.reservation_stable_count ?? 0)

function weightedRatio(sources: readonly SchedulerCounters[]): number | null {
  const reporting = sources.filter(({ avg_reservation_ratio }) => avg_reservation_ratio !== undefined)
  const checks = sum(reporting, checksOf)
  const weighted = sum(reporting, (source) => (source.avg_reservation_ratio ?? 0) * checksOf(source))
  return shareOf(weighted, checks)
}

function latest(sources: readonly SchedulerCounters[]): SchedulerCounters {
  const reporting = sources.filter((source) => Object.keys(source).some((field) => field.startsWith('last_')))
  const changedAt = ({ last_updated_at }: SchedulerCounters) => last_updated_at ?? 0
  return reporting.reduce((a, b) => (changedAt(b) > changedAt(a) ? b : a), reporting[0] ?? {})
}
