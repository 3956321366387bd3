import type { ObservedFigures } from '../affinities/affinity-source.js'
import {
  type CacheStats as CacheStatsShape,
  cacheStats,
  priorityMode,
  type ReservationFigures,
  reservationFigures,
  reuseRate,
  schedulingMode,
} from '../resolvers/cache.js'
import type { Statistics } from '../statistics/statistics.js'
import { MAX_INT } from '../util/int32.js'
import { builder } from './builder.js'
import { DynamicReservationConfig } from './cache-config.js'

/** Limits a count to GraphQL's largest Int; null if nobody reports it. */
const clamped = <Count extends number | null>(count: Count) =>
  count === null ? count : Math.min(count, MAX_INT)
const AS_BELOW = 'This repeats the field of the same name in `affinityStats`.'
const HIT_RATE =
  'The hit rate is hits / (hits + misses), 0 to 1; null if there was no look-up, since no data is not a rate of 0.'

type AffinityCount = Exclude<keyof Statistics['affinity'], 'cacheHitRate'>

const countOf = (figure: AffinityCount) => async (stats: CacheStatsShape) =>
  clamped((await stats.statistics()).affinity[figure])

const affinityHitRate = async (stats: CacheStatsShape) => (await stats.statistics()).affinity.cacheHitRate

const totalAffinities = async (stats: CacheStatsShape) => clamped(await stats.totalAffinities())

const StorageType = builder.enumType('StorageType', {
  description: 'Affinities are kept in one of these kinds of storage.',
  values: {
    REDIS: { description: 'The gateway keeps affinities in its Redis.' },
    MEMORY: { description: 'The demo keeps affinities in this process’s own memory.' },
  },
})

const SchedulerMetrics = builder.objectRef<Statistics['scheduler']>('SchedulerMetrics').implement({
  description: `These are the counts of the gateways’ schedulers, summed over all gateways that report. A count is 0 to ${MAX_INT}; null if no gateway reports it, since no data is not 0.`,
  fields: (t) => ({
    totalBatches: t.int({
      nullable: true,
      description: 'So many times candidates were gathered for a request.',
      resolve: ({ totalBatches }) => clamped(totalBatches),
    }),
    lastBatchSize: t.int({
      nullable: true,
      description: 'The latest batch had so many candidates.',
      resolve: ({ lastBatchSize }) => clamped(lastBatchSize),
    }),
    totalCandidates: t.int({
      nullable: true,
      description: 'So many provider keys could have served a request, summed over all requests.',
      resolve: ({ totalCandidates }) => clamped(totalCandidates),
    }),
    lastCandidateCount: t.int({
      nullable: true,
      description: 'So many provider keys could have served the latest request.',
      resolve: ({ lastCandidateCount }) => clamped(lastCandidateCount),
    }),
    cacheHits: t.int({
      nullable: true,
      description: 'So many requests went to the provider key that they were pinned to.',
      resolve: ({ cacheHits }) => clamped(cacheHits),
    }),
    cacheMisses: t.int({
      nullable: true,
      description: 'So many requests had no pin, or could not go where it pointed.',
      resolve: ({ cacheMisses }) => clamped(cacheMisses),
    }),
    cacheHitRate: t.exposeFloat('cacheHitRate', { nullable: true, description: HIT_RATE }),
    concurrencyDenied: t.int({
      nullable: true,
      description:
        'So many times a provider key was passed over because its concurrent requests were used up.',
      resolve: ({ concurrencyDenied }) => clamped(concurrencyDenied),
    }),
    avgCandidatesPerBatch: t.exposeFloat('avgCandidatesPerBatch', {
      nullable: true,
      description: 'A batch has so many candidates on average; null before any batch.',
    }),
    lastApiFormat: t.exposeString('lastApiFormat', {
      nullable: true,
      description: 'The latest request had this API format; null if no gateway reports it.',
    }),
    lastModelName: t.exposeString('lastModelName', {
      nullable: true,
      description: 'The latest request asked for this model; null if no gateway reports it.',
    }),
    lastUpdatedAt: t.expose('lastUpdatedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The latest batch was gathered at this time; null if no gateway reports it.',
    }),
    reservationProbeCount: t.int({
      nullable: true,
      description: 'The gateways made so many checks of the dynamic reservation during a probe phase.',
      resolve: ({ reservationProbeCount }) => clamped(reservationProbeCount),
    }),
    reservationStableCount: t.int({
      nullable: true,
      description: 'The gateways made so many checks of the dynamic reservation after the probe phase.',
      resolve: ({ reservationStableCount }) => clamped(reservationStableCount),
    }),
    avgReservationRatio: t.exposeFloat('avgReservationRatio', {
      nullable: true,
      description:
        'The gateways keep this share of capacity for pinned requests on average, 0 to 1, weighted by their checks.',
    }),
  }),
})

const AffinityStats = builder.objectRef<CacheStatsShape>('AffinityStats').implement({
  description: `These are the counts of the gateways’ affinity managers, summed over all gateways that report. A count is 0 to ${MAX_INT}; null if no gateway reports it.`,
  fields: (t) => ({
    storageType: t.expose('storageType', {
      type: StorageType,
      description: 'Affinities are kept in this kind of storage.',
    }),
    totalAffinities: t.int({
      description: 'So many affinities are live now.',
      resolve: totalAffinities,
    }),
    cacheHits: t.int({
      nullable: true,
      description: 'So many look-ups found an affinity.',
      resolve: countOf('cacheHits'),
    }),
    cacheMisses: t.int({
      nullable: true,
      description: 'So many look-ups found no affinity.',
      resolve: countOf('cacheMisses'),
    }),
    cacheHitRate: t.float({
      nullable: true,
      description: HIT_RATE,
      resolve: affinityHitRate,
    }),
    cacheInvalidations: t.int({
      nullable: true,
      description:
        'So many affinities were removed before they expired, by gateways and by clears of this service.',
      resolve: countOf('cacheInvalidations'),
    }),
    providerSwitches: t.int({
      nullable: true,
      description: 'So many affinities moved to another provider.',
      resolve: countOf('providerSwitches'),
    }),
    keySwitches: t.int({
      nullable: true,
      description: 'So many affinities moved to another provider key of the same provider.',
      resolve: countOf('keySwitches'),
    }),
    defaultTtlSeconds: t.int({
      description:
        'An affinity lasts for so many seconds after its last use, unless its provider key sets another time.',
      resolve: (_stats, _args, { gatewayFigures }) => gatewayFigures.affinityTtlSeconds,
    }),
  }),
})

const DynamicReservationStats = builder.objectRef<ReservationFigures>('DynamicReservationStats').implement({
  description:
    'This says how much of the provider keys’ capacity the gateways keep free for pinned requests. All but `config` is null where the gateway has no reservation.',
  fields: (t) => ({
    enabled: t.exposeBoolean('enabled', {
      nullable: true,
      description:
        'The reservation is always enabled, since the gateway has no switch for it; null where there is none.',
    }),
    currentAvgRatio: t.exposeFloat('currentAvgRatio', {
      nullable: true,
      description: 'The gateways keep this share on average, 0 to 1; null if no gateway reports it.',
    }),
    probePhaseRatio: t.exposeFloat('probePhaseRatio', {
      nullable: true,
      description: 'This share of the checks fell into a probe phase, 0 to 1; null before any check.',
    }),
    totalChecks: t.int({
      nullable: true,
      description: `The gateways have made so many checks, 0 to ${MAX_INT}; null if no gateway reports it.`,
      resolve: ({ totalChecks }) => clamped(totalChecks),
    }),
    config: t.field({
      type: DynamicReservationConfig,
      description: 'The gateways choose the share by this configuration.',
      resolve: (_stats, _args, { gatewayFigures }) => gatewayFigures.dynamicReservation,
    }),
  }),
})

const ObservedStats = builder.objectRef<ObservedFigures>('ObservedStats').implement({
  description:
    'These are the counts of what this service has seen happen to affinities, whichever gateway did it and however many workers it has.',
  fields: (t) => ({
    since: t.expose('since', { type: 'DateTime', description: 'This service has counted since this time.' }),
    created: t.int({
      description: 'So many affinities were made.',
      resolve: ({ created }) => clamped(created),
    }),
    refreshed: t.int({
      description: 'So many times an affinity was used again with the same pin.',
      resolve: ({ refreshed }) => clamped(refreshed),
    }),
    providerSwitches: t.int({
      description: 'So many affinities moved to another provider.',
      resolve: ({ providerSwitches }) => clamped(providerSwitches),
    }),
    keySwitches: t.int({
      description: 'So many affinities moved to another provider key of the same provider.',
      resolve: ({ keySwitches }) => clamped(keySwitches),
    }),
    removed: t.int({
      description: 'So many affinities were deleted before they expired.',
      resolve: ({ removed }) => clamped(removed),
    }),
    expired: t.int({
      description: 'So many affinities expired.',
      resolve: ({ expired }) => clamped(expired),
    }),
    reuseRate: t.float({
      nullable: true,
      description: 'This share of all uses kept its pin, 0 to 1; null if no use was seen.',
      resolve: reuseRate,
    }),
  }),
})

export const CacheStats = builder.objectRef<CacheStatsShape>('CacheStats').implement({
  description: `The statistics say how well the cache affinity works. A count is 0 to ${MAX_INT}.`,
  fields: (t) => ({
    scheduler: t.string({
      description: 'The scheduler is always cache_aware.',
      resolve: () => 'cache_aware',
    }),
    schedulingMode: t.string({
      nullable: true,
      description:
        'The gateway’s scheduling mode is cache_affinity, fixed_order or another one; null while it cannot be read.',
      resolve: (_stats, _args, context) => schedulingMode(context),
    }),
    priorityMode: t.string({
      nullable: true,
      description: 'The gateway’s priority mode is provider or global_key; null while it cannot be read.',
      resolve: (_stats, _args, context) => priorityMode(context),
    }),
    storageType: t.expose('storageType', {
      type: StorageType,
      description: 'Affinities are kept in this kind of storage.',
    }),
    totalAffinities: t.int({
      description: 'So many affinities are live now.',
      resolve: totalAffinities,
    }),
    cacheHits: t.int({ nullable: true, description: AS_BELOW, resolve: countOf('cacheHits') }),
    cacheMisses: t.int({ nullable: true, description: AS_BELOW, resolve: countOf('cacheMisses') }),
    cacheHitRate: t.float({
      nullable: true,
      description: HIT_RATE,
      resolve: affinityHitRate,
    }),
    cacheInvalidations: t.int({
      nullable: true,
      description: AS_BELOW,
      resolve: countOf('cacheInvalidations'),
    }),
    providerSwitches: t.int({ nullable: true, description: AS_BELOW, resolve: countOf('providerSwitches') }),
    keySwitches: t.int({ nullable: true, description: AS_BELOW, resolve: countOf('keySwitches') }),
    schedulerMetrics: t.field({
      type: SchedulerMetrics,
      description: 'These are the counts of the gateways’ schedulers.',
      resolve: async (stats) => (await stats.statistics()).scheduler,
    }),
    affinityStats: t.field({
      type: AffinityStats,
      description: 'These are the counts of the gateways’ affinity managers.',
      resolve: (stats) => stats,
    }),
    dynamicReservation: t.field({
      type: DynamicReservationStats,
      description: 'This says how much capacity the gateways keep for pinned requests.',
      resolve: async (stats, _args, context) => reservationFigures(await stats.statistics(), context),
    }),
    countersProblem: t.string({
      nullable: true,
      description:
        'This sentence says why counts of the gateways are null or incomplete, and what to set; null if every source reports.',
      resolve: async (stats) => (await stats.statistics()).problem,
    }),
    observed: t.expose('observed', {
      type: ObservedStats,
      description: 'These are the counts of what this service has seen itself.',
    }),
  }),
})

builder.queryField('cacheStats', (t) =>
  t.field({
    type: CacheStats,
    description:
      'This query says how well the cache affinity works, as the gateways count it and as this service sees it.',
    complexity: 5,
    resolve: (_root, _args, context) => cacheStats(context),
  }),
)
