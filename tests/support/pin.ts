import type { ChainableCommander, Redis } from 'ioredis'

export interface Pin {
  readonly affinityKey: string
  readonly modelId?: string
  readonly providerId?: string
  readonly requestCount?: number
  /** Seconds. */
  readonly ttl?: number
}

/** Writes an affinity as a gateway does, now. */
export const writePin = (
  redis: Redis | ChainableCommander,
  { affinityKey, modelId = 'model', providerId = 'p', requestCount = 1, ttl = 300 }: Pin,
) =>
  redis.set(
    `cache_affinity:${affinityKey}:CLAUDE:${modelId}`,
    JSON.stringify({
      provider_id: providerId,
      endpoint_id: 'e',
      key_id: 'k',
      created_at: Date.now() / 1_000,
      expire_at: Date.now() / 1_000 + ttl,
      request_count: requestCount,
    }),
    'EX',
    ttl,
  )
