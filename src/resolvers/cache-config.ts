import type { Context } from '../context.js'
import type { DynamicReservation } from '../gateway/fixed-figures.js'

export interface ConfigParameter {
  /** Path of the field in `CacheConfig`. */
  readonly name: string
  readonly value: number
  readonly description: string
}

export interface CacheConfig {
  readonly cacheTtlSeconds: number
  readonly cacheReservationRatio: number
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

export function cacheConfig({ cacheReservationRatio, gatewayFigures }: Context): CacheConfig {
  const { affinityTtlSeconds, dynamicReservation } = gatewayFigures
  const names = Object.keys(RESERVATION_DESCRIPTIONS) as (keyof DynamicReservation)[]
  return {
    cacheTtlSeconds: affinityTtlSeconds,
    cacheReservationRatio,
    dynamicReservation,
    parameters: [
      {
        name: 'cacheTtlSeconds',
        value: affinityTtlSeconds,
        description:
          'How long an affinity lasts after its last use where its provider key sets no other time. Seconds, a whole number above 0.',
      },
      {
        name: 'cacheReservationRatio',
        value: cacheReservationRatio,
        description:
          'Share of a provider key’s concurrent requests that is kept for pinned requests where nothing is learnt from the load. 0 to 1.',
      },
      ...names.map((name) => ({
        name: `dynamicReservation.${name}`,
        value: dynamicReservation[name],
        description: RESERVATION_DESCRIPTIONS[name],
      })),
    ],
  }
}
