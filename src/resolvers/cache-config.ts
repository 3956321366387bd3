import type { Context } from '../context.js'

/**
 * Constants of the gateway's dynamic reservation: the share of a provider key's concurrent requests that is kept for pinned
 * requests.
 */
export const DYNAMIC_RESERVATION = {
  probePhaseRequests: 100,
  probeReservation: 0.1,
  stableMinReservation: 0.1,
  stableMaxReservation: 0.35,
  lowLoadThreshold: 0.5,
  highLoadThreshold: 0.8,
} as const

export type DynamicReservationConfig = typeof DYNAMIC_RESERVATION

/** TTL of an affinity whose provider key sets no other, in seconds. */
export const DEFAULT_AFFINITY_TTL_SECONDS = 300

export interface ConfigParameter {
  /** Path of the field in `CacheConfig`. */
  readonly name: string
  readonly value: number
  readonly description: string
}

export interface CacheConfig {
  readonly cacheTtlSeconds: number
  readonly cacheReservationRatio: number
  readonly dynamicReservation: DynamicReservationConfig
  readonly parameters: readonly ConfigParameter[]
}

const RESERVATION_DESCRIPTIONS: Record<keyof DynamicReservationConfig, string> = {
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

export function cacheConfig({ cacheReservationRatio }: Context): CacheConfig {
  const names = Object.keys(DYNAMIC_RESERVATION) as (keyof DynamicReservationConfig)[]
  return {
    cacheTtlSeconds: DEFAULT_AFFINITY_TTL_SECONDS,
    cacheReservationRatio,
    dynamicReservation: DYNAMIC_RESERVATION,
    parameters: [
      {
        name: 'cacheTtlSeconds',
        value: DEFAULT_AFFINITY_TTL_SECONDS,
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
        value: DYNAMIC_RESERVATION[name],
        description: RESERVATION_DESCRIPTIONS[name],
      })),
    ],
  }
}
