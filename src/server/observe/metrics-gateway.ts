import type { Statistics } from '../../statistics/statistics.js'

/** Figures that were read for a scrape; undefined where a store is down. */
export interface GatewayFigures {
  readonly statistics: Statistics | undefined
  readonly affinities: number | undefined
}

export interface GatewayGauge {
  readonly name: string
  readonly help: string
  /** Returns undefined if the figure could not be read. */
  read(figures: GatewayFigures): number | undefined
}

type Figure<Part extends keyof Statistics> = (part: Statistics[Part]) => number | null

/** Prometheus's value for a figure that nobody reports. */
const UNKNOWN = Number.NaN

const scheduler = (name: string, help: string, figure: Figure<'scheduler'>): GatewayGauge => ({
  name: `cache_scheduler_${name}`,
  help,
  read: ({ statistics }) => statistics && (figure(statistics.scheduler) ?? UNKNOWN),
})

const affinity = (name: string, help: string, figure: Figure<'affinity'>): GatewayGauge => ({
  name: `cache_affinity_${name}`,
  help,
  read: ({ statistics }) => statistics && (figure(statistics.affinity) ?? UNKNOWN),
})

/** The gateway's own dashboards expect a rate of 0 where there is no data. */
const rateOrZero = ({ cacheHitRate }: Statistics['scheduler' | 'affinity']): number => cacheHitRate ?? 0

/**
 * Gauges that the gateway's own dashboards show, under the same names, summed over all gateways. They have no labels. A
 * count that no gateway reports is NaN.
 */
export const GATEWAY_GAUGES: readonly GatewayGauge[] = [
  scheduler('total_batches', 'Times that candidates were gathered.', (s) => s.totalBatches),
  scheduler('last_batch_size', 'Candidates in the latest batch.', (s) => s.lastBatchSize),
  scheduler('total_candidates', 'Candidates over all requests.', (s) => s.totalCandidates),
  scheduler('last_candidate_count', 'Candidates for the latest request.', (s) => s.lastCandidateCount),
  scheduler('cache_hits', 'Requests that went where they were pinned.', (s) => s.cacheHits),
  scheduler('cache_misses', 'Requests that did not.', (s) => s.cacheMisses),
  scheduler('cache_hit_rate', 'Hits among both, 0 to 1.', rateOrZero),
  scheduler('concurrency_denied', 'Provider keys passed over at their limit.', (s) => s.concurrencyDenied),
  scheduler('avg_candidates_per_batch', 'Candidates in an average batch.', (s) => s.avgCandidatesPerBatch),
  { name: 'cache_affinity_total', help: 'Live affinities now.', read: ({ affinities }) => affinities },
  affinity('hits', 'Look-ups that found an affinity.', (a) => a.cacheHits),
  affinity('misses', 'Look-ups that found none.', (a) => a.cacheMisses),
  affinity('hit_rate', 'Hits among both, 0 to 1.', rateOrZero),
  affinity('invalidations', 'Affinities removed before they expired.', (a) => a.cacheInvalidations),
  affinity('provider_switches', 'Affinities that moved to another provider.', (a) => a.providerSwitches),
  affinity('key_switches', 'Affinities that moved to another key of their provider.', (a) => a.keySwitches),
]
