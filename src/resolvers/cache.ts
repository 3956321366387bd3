import type { ObservedFigures } from '../affinities/affinity-source.js'
import type { StorageType } from '../affinities/affinity-store.js'
import type { Context } from '../context.js'
import type { DynamicReservation } from '../gateway/gateway.js'
import type { ReportedStatistics, Statistics } from '../statistics/statistics.js'
import { once } from '../util/promises.js'

/** Statistics for one request. Each part is read once, when a field first needs it. */
export interface CacheStats {
  readonly storageType: StorageType
  /** @throws UnavailableError if the cache does not answer */
  statistics(): Promise<ReportedStatistics>
  /** Counts the live records. @throws UnavailableError if the cache does not answer */
  totalAffinities(): Promise<number>
  readonly observed: ObservedFigures
}

export function cacheStats(context: Context): CacheStats {
  const { statistics, affinities } = context
  return {
    storageType: statistics.storageType,
    statistics: once(() => statistics.read()),
    totalAffinities: once(() => affinities.count({})),
    observed: context.observed(),
  }
}

/** Which provider keys the scheduler tries first. */
export const schedulingMode = async ({ loaders }: Context): Promise<string | null> =>
  (await loaders.schedulingModes()).schedulingMode

/** Whose priorities the scheduler goes by where it has no pin. */
export const priorityMode = async ({ loaders }: Context): Promise<string | null> =>
  (await loaders.schedulingModes()).priorityMode

/** Computes the share of all uses that kept the pin, 0 to 1; null if no use was seen. */
export function reuseRate({ created, refreshed, providerSwitches, keySwitches }: ObservedFigures) {
  const uses = created + providerSwitches + keySwitches + refreshed
  return uses === 0 ? null : refreshed / uses
}

export interface ReservationFigures {
  /** Null where the gateway has no reservation. */
  readonly enabled: true | null
  readonly currentAvgRatio: number | null
  readonly probePhaseRatio: number | null
  readonly totalChecks: number | null
}

const NO_RESERVATION: ReservationFigures = {
  enabled: null,
  currentAvgRatio: null,
  probePhaseRatio: null,
  totalChecks: null,
}

/**
 * Computes the number of the dynamic reservation's checks, and the share that was in a probe phase. The number is null if no
 * gateway reports it; the share is also null if there were none. All is null where the gateway has no reservation, whatever
 * its counters say.
 */
export function reservationFigures(
  { scheduler: { reservationProbeCount, reservationStableCount, avgReservationRatio } }: Statistics,
  { gatewayTraits }: Context,
): ReservationFigures {
  if (!gatewayTraits().hasReservation) return NO_RESERVATION
  const figures = { ...NO_RESERVATION, enabled: true, currentAvgRatio: avgReservationRatio } as const
  if (reservationProbeCount === null && reservationStableCount === null) return figures
  const probes = reservationProbeCount ?? 0
  const totalChecks = probes + (reservationStableCount ?? 0)
  return { ...figures, totalChecks, probePhaseRatio: totalChecks === 0 ? null : probes / totalChecks }
}

export interface ConfigParameter {
  /** Path of the field in `CacheConfig`. */
  readonly name: string
  readonly value: number
  readonly description: string
}

export interface CacheConfig {
  readonly cacheTtlSeconds: number
  /** Null where the gateway has no reservation. */
  readonly cacheReservationRatio: number | null
  readonly dynamicReservation: DynamicReservation
  readonly parameters: readonly ConfigParameter[]
}

const RESERVATION_DESCRIPTIONS: Record<keyof DynamicReservation, string> = {
  probePhaseRequests:
    'Requests to a provider key, counted from its first, during which its capacity is still being learnt. A whole number, 0 or more.',
  probeReservation:
    'Share of a provider key’s concurrent requests that is kept for pinned requests during the probe phase. 0 to 1.',
  stableMinReservation:
    'Least share kept for pinned requests after the probe phase, while the load is low. 0 to 1.',
  stableMaxReservation:
    'Largest share kept for pinned requests after the probe phase, while the load is high. 0 to 1.',
  lowLoadThreshold:
    'Share of a provider key’s concurrent requests in use below which its load is low. 0 to 1.',
  highLoadThreshold:
    'Share of a provider key’s concurrent requests in use above which its load is high. 0 to 1.',
}

export function cacheConfig({ cacheReservationRatio, gatewayFigures, gatewayTraits }: Context): CacheConfig {
  const { affinityTtlSeconds, dynamicReservation } = gatewayFigures
  const { hasReservation } = gatewayTraits()
  return {
    cacheTtlSeconds: affinityTtlSeconds,
    cacheReservationRatio: hasReservation ? cacheReservationRatio : null,
    dynamicReservation,
    parameters: [
      {
        name: 'cacheTtlSeconds',
        value: affinityTtlSeconds,
        description:
          'How long an affinity lasts after its last use where its provider key sets no other time. Seconds, a whole number above 0.',
      },
      ...(hasReservation ? reservationParameters(cacheReservationRatio, dynamicReservation) : []),
    ],
  }
}

function reservationParameters(ratio: number, reservation: DynamicReservation): readonly ConfigParameter[] {
  const names = Object.keys(RESERVATION_DESCRIPTIONS) as (keyof DynamicReservation)[]
  return [
    {
      name: 'cacheReservationRatio',
      value: ratio,
      description:
        'Share of a provider key’s concurrent requests that is kept for pinned requests where nothing is learnt from the load. 0 to 1.',
    },
    ...names.map((name) => ({
      name: `dynamicReservation.${name}`,
      value: reservation[name],
      description: RESERVATION_DESCRIPTIONS[name],
    })),
  ]
}
