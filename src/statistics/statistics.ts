import type { StorageType } from '../affinities/affinity-store.js'
import type { AffinityCounters, Counters, SchedulerCounters } from './counters.js'
import type { StatsStore } from './stats-store.js'

/** The combined counters of all sources. */
export interface Statistics {
  readonly scheduler: {
    readonly totalBatches: number
    readonly totalCandidates: number
    readonly cacheHits: number
    readonly cacheMisses: number
    /** 0 to 1; null if there were no lookups, which is not the same as 0 %. */
    readonly cacheHitRate: number | null
    readonly concurrencyDenied: number
    /** 0 if there was no batch. */
    readonly avgCandidatesPerBatch: number
    readonly reservationProbeCount: number
    readonly reservationStableCount: number
    /** 0 to 1; 0 if no source has it. */
    readonly avgReservationRatio: number
    readonly lastBatchSize: number
    readonly lastCandidateCount: number
    readonly lastApiFormat: string | null
    readonly lastModelName: string | null
    readonly lastUpdatedAt: Date | null
  }
  readonly affinity: {
    readonly cacheHits: number
    readonly cacheMisses: number
    readonly cacheHitRate: number | null
    readonly cacheInvalidations: number
    readonly providerSwitches: number
    readonly keySwitches: number
  }
}

export interface StatisticsReader {
  readonly storageType: StorageType
  /** Reads all sources. It throws UnavailableError (CACHE_UNAVAILABLE) rather than leave out the cache's counters. */
  read(): Promise<Statistics>
}

/** @param gateways returns the counters of the gateways that are polled over HTTP; see GatewayPoller */
export const createStatisticsReader = (
  store: StatsStore,
  gateways: () => readonly Counters[],
): StatisticsReader => ({
  storageType: store.storageType,
  read: async () => combine([await store.readCounters(), ...gateways()]),
})

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
      avgCandidatesPerBatch: totalBatches === 0 ? 0 : totalCandidates / totalBatches,
      reservationProbeCount: sum(schedulers, ({ reservation_probe_count }) => reservation_probe_count),
      reservationStableCount: sum(schedulers, ({ reservation_stable_count }) => reservation_stable_count),
      avgReservationRatio: weightedRatio(schedulers),
      lastBatchSize: last.last_batch_size ?? 0,
      lastCandidateCount: last.last_candidate_count ?? 0,
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

const sum = <T>(sources: readonly T[], figure: (source: T) => number | undefined): number =>
  sources.reduce((total, source) => total + (figure(source) ?? 0), 0)

function hitsAndMisses(sources: readonly (SchedulerCounters | AffinityCounters)[]) {
  const cacheHits = sum(sources, ({ cache_hits }) => cache_hits)
  const cacheMisses = sum(sources, ({ cache_misses }) => cache_misses)
  const lookups = cacheHits + cacheMisses
  return { cacheHits, cacheMisses, cacheHitRate: lookups === 0 ? null : cacheHits / lookups }
}

const checksOf = (source: SchedulerCounters): number =>
  (source.reservation_probe_count ?? 0) + (source.reservation_stable_count ?? 0)

function weightedRatio(sources: readonly SchedulerCounters[]): number {
  const reporting = sources.filter(({ avg_reservation_ratio }) => avg_reservation_ratio !== undefined)
  const checks = sum(reporting, checksOf)
  const weighted = sum(reporting, (source) => (source.avg_reservation_ratio ?? 0) * checksOf(source))
  return checks === 0 ? 0 : weighted / checks
}

function latest(sources: readonly SchedulerCounters[]): SchedulerCounters {
  const reporting = sources.filter((source) => Object.keys(source).some((field) => field.startsWith('last_')))
  const changedAt = ({ last_updated_at }: SchedulerCounters) => last_updated_at ?? 0
  return reporting.reduce((a, b) => (changedAt(b) > changedAt(a) ? b : a), reporting[0] ?? {})
}
