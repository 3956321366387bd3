import type { ObservedFigures } from '../affinities/affinity-source.js'
import { DEFAULT_AFFINITY_TTL_SECONDS, DYNAMIC_RESERVATION } from '../resolvers/cache-config.js'
import {
  type CacheStats as CacheStatsShape,
  cacheStats,
  priorityMode,
  reservationChecks,
  reuseRate,
  schedulingMode,
} from '../resolvers/cache-stats.js'
import type { Statistics } from '../statistics/statistics.js'
import { MAX_INT } from '../util/int32.js'
import { builder } from './builder.js'
import { DynamicReservationConfig } from './cache-config.js'

const clamped = (count: number): number => Math.min(count, MAX_INT)
const AS_BELOW = 'As in affinityStats.'
const HIT_RATE =
  'Hits among all look-ups, 0 to 1; null when there was none, since no data is not a rate of 0.'

type AffinityCount = Exclude<keyof Statistics['affinity'], 'cacheHitRate'>

const countOf = (figure: AffinityCount) => async (stats: CacheStatsShape) =>
  clamped((await stats.statistics()).affinity[figure])

const affinityHitRate = async (stats: CacheStatsShape) => (await stats.statistics()).affinity.cacheHitRate

const totalAffinities = async (stats: CacheStatsShape) => clamped(await stats.totalAffinities())

const StorageType = builder.enumType('StorageType', {
  description: 'Where affinities are kept.',
  values: {
    REDIS: { description: 'The gateway’s Redis.' },
    MEMORY: { description: 'This process’s own memory: the embedded demo.' },
  },
})

const SchedulerMetrics = builder.objectRef<Statistics['scheduler']>('SchedulerMetrics').implement({
  description: `What the gateways’ schedulers count, summed over all gateways that report. Counts are no higher than ${MAX_INT}.`,
  fields: (t) => ({
    totalBatches: t.int({
      description: 'Times that candidates were gathered for a request.',
      resolve: ({ totalBatches }) => clamped(totalBatches),
    }),
    lastBatchSize: t.int({
      description: 'Candidates in the latest batch.',
      resolve: ({ lastBatchSize }) => clamped(lastBatchSize),
    }),
    totalCandidates: t.int({
      description: 'Provider keys that could have served a request, over all requests.',
      resolve: ({ totalCandidates }) => clamped(totalCandidates),
    }),
    lastCandidateCount: t.int({
      description: 'Provider keys that could have served the latest request.',
      resolve: ({ lastCandidateCount }) => clamped(lastCandidateCount),
    }),
    cacheHits: t.int({
      description: 'Requests that went to the provider key they were pinned to.',
      resolve: ({ cacheHits }) => clamped(cacheHits),
    }),
    cacheMisses: t.int({
      description: 'Requests that had no pin, or could not go where it pointed.',
      resolve: ({ cacheMisses }) => clamped(cacheMisses),
    }),
    cacheHitRate: t.exposeFloat('cacheHitRate', { nullable: true, description: HIT_RATE }),
    concurrencyDenied: t.int({
      description: 'Times that a provider key was passed over as its concurrent requests were used up.',
      resolve: ({ concurrencyDenied }) => clamped(concurrencyDenied),
    }),
    avgCandidatesPerBatch: t.exposeFloat('avgCandidatesPerBatch', { description: '0 before any batch.' }),
    lastApiFormat: t.exposeString('lastApiFormat', {
      nullable: true,
      description: 'API format of the latest request.',
    }),
    lastModelName: t.exposeString('lastModelName', {
      nullable: true,
      description: 'Model of the latest request.',
    }),
    lastUpdatedAt: t.expose('lastUpdatedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the latest batch was gathered.',
    }),
    reservationProbeCount: t.int({
      description: 'Checks of the dynamic reservation during a probe phase.',
      resolve: ({ reservationProbeCount }) => clamped(reservationProbeCount),
    }),
    reservationStableCount: t.int({
      description: 'Checks of the dynamic reservation after it.',
      resolve: ({ reservationStableCount }) => clamped(reservationStableCount),
    }),
    avgReservationRatio: t.exposeFloat('avgReservationRatio', {
      description:
        'Average share of capacity kept for pinned requests, 0 to 1; of several gateways, weighted by their checks. 0 where none says.',
    }),
  }),
})

const AffinityStats = builder.objectRef<CacheStatsShape>('AffinityStats').implement({
  description: `What the gateways’ affinity managers count, summed over all gateways that report. Counts are no higher than ${MAX_INT}.`,
  fields: (t) => ({
    storageType: t.expose('storageType', { type: StorageType, description: 'Where they are kept.' }),
    totalAffinities: t.int({
      description: 'Live records now.',
      resolve: totalAffinities,
    }),
    cacheHits: t.int({
      description: 'Look-ups that found a record.',
      resolve: countOf('cacheHits'),
    }),
    cacheMisses: t.int({
      description: 'Look-ups that found none.',
      resolve: countOf('cacheMisses'),
    }),
    cacheHitRate: t.float({
      nullable: true,
      description: HIT_RATE,
      resolve: affinityHitRate,
    }),
    cacheInvalidations: t.int({
      description: 'Records removed before they expired, by gateways and by clears of this service.',
      resolve: countOf('cacheInvalidations'),
    }),
    providerSwitches: t.int({
      description: 'Records that moved to another provider.',
      resolve: countOf('providerSwitches'),
    }),
    keySwitches: t.int({
      description: 'Records that moved to another key of the same provider.',
      resolve: countOf('keySwitches'),
    }),
    defaultTtlSeconds: t.int({
      description:
        'Seconds that a record lasts after its last use where its provider key sets no other time.',
      resolve: () => DEFAULT_AFFINITY_TTL_SECONDS,
    }),
  }),
})

const DynamicReservationStats = builder.objectRef<Statistics>('DynamicReservationStats').implement({
  description: 'How much of the provider keys’ capacity the gateways keep free for pinned requests.',
  fields: (t) => ({
    enabled: t.boolean({
      description: 'Always true: the gateway has no switch for it.',
      resolve: () => true,
    }),
    currentAvgRatio: t.float({
      description: 'Average share kept, 0 to 1; 0 where no gateway says.',
      resolve: ({ scheduler }) => scheduler.avgReservationRatio,
    }),
    probePhaseRatio: t.float({
      description: 'Share of the checks that fell into a probe phase, 0 to 1; 0 before any check.',
      resolve: (statistics) => reservationChecks(statistics).probePhaseRatio,
    }),
    totalChecks: t.int({
      description: `Checks so far, no higher than ${MAX_INT}.`,
      resolve: (statistics) => clamped(reservationChecks(statistics).totalChecks),
    }),
    config: t.field({
      type: DynamicReservationConfig,
      description: 'By what the share is chosen.',
      resolve: () => DYNAMIC_RESERVATION,
    }),
  }),
})

const ObservedStats = builder.objectRef<ObservedFigures>('ObservedStats').implement({
  description:
    'What this service has seen in the live records, whichever gateway wrote them and however many workers it has.',
  fields: (t) => ({
    since: t.expose('since', { type: 'DateTime', description: 'When it began to look.' }),
    created: t.int({ description: 'New records.', resolve: ({ created }) => clamped(created) }),
    refreshed: t.int({
      description: 'Records used again with the same pin.',
      resolve: ({ refreshed }) => clamped(refreshed),
    }),
    providerSwitches: t.int({
      description: 'Records that moved to another provider.',
      resolve: ({ providerSwitches }) => clamped(providerSwitches),
    }),
    keySwitches: t.int({
      description: 'Records that moved to another key of the same provider.',
      resolve: ({ keySwitches }) => clamped(keySwitches),
    }),
    removed: t.int({
      description: 'Records deleted before they expired.',
      resolve: ({ removed }) => clamped(removed),
    }),
    expired: t.int({ description: 'Records that ran out.', resolve: ({ expired }) => clamped(expired) }),
    reuseRate: t.float({
      nullable: true,
      description:
        'Of all uses that were seen, the share that kept its pin, 0 to 1; null when none was seen.',
      resolve: reuseRate,
    }),
  }),
})

export const CacheStats = builder.objectRef<CacheStatsShape>('CacheStats').implement({
  description: `How well the cache affinity works. Counts are no higher than ${MAX_INT}.`,
  fields: (t) => ({
    scheduler: t.string({ description: 'Always cache_aware.', resolve: () => 'cache_aware' }),
    schedulingMode: t.string({
      description: 'cache_affinity or fixed_order.',
      resolve: (_stats, _args, context) => schedulingMode(context),
    }),
    priorityMode: t.string({
      description: 'provider or global_key.',
      resolve: (_stats, _args, context) => priorityMode(context),
    }),
    storageType: t.expose('storageType', { type: StorageType, description: 'Where they are kept.' }),
    totalAffinities: t.int({
      description: 'Live records now.',
      resolve: totalAffinities,
    }),
    cacheHits: t.int({ description: AS_BELOW, resolve: countOf('cacheHits') }),
    cacheMisses: t.int({ description: AS_BELOW, resolve: countOf('cacheMisses') }),
    cacheHitRate: t.float({
      nullable: true,
      description: HIT_RATE,
      resolve: affinityHitRate,
    }),
    cacheInvalidations: t.int({ description: AS_BELOW, resolve: countOf('cacheInvalidations') }),
    providerSwitches: t.int({ description: AS_BELOW, resolve: countOf('providerSwitches') }),
    keySwitches: t.int({ description: AS_BELOW, resolve: countOf('keySwitches') }),
    schedulerMetrics: t.field({
      type: SchedulerMetrics,
      description: 'What the gateways’ schedulers count.',
      resolve: async (stats) => (await stats.statistics()).scheduler,
    }),
    affinityStats: t.field({
      type: AffinityStats,
      description: 'What the gateways’ affinity managers count.',
      resolve: (stats) => stats,
    }),
    dynamicReservation: t.field({
      type: DynamicReservationStats,
      description: 'How much capacity is kept for pinned requests.',
      resolve: (stats) => stats.statistics(),
    }),
    observed: t.expose('observed', {
      type: ObservedStats,
      description: 'What this service has seen itself.',
    }),
  }),
})

builder.queryField('cacheStats', (t) =>
  t.field({
    type: CacheStats,
    description: 'How well the cache affinity works, as the gateways count it and as this service sees it.',
    complexity: 5,
    resolve: (_root, _args, context) => cacheStats(context),
  }),
)
