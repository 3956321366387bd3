import type { ChainableCommander, Redis } from 'ioredis'

export interface Pin {
  readonly affinityKey: string
  readonly modelId?: string
  readonly providerId?: string
  readonly endpointId?: string
  readonly providerKeyId?: string
  readonly requestCount?: number
  /** Seconds. */
  readonly ttl?: number
}

/** Writes an affinity as a gateway does, now. */
export const writePin = (
  redis: Redis | ChainableCommander,
  {
    affinityKey,
    modelId = 'model',
    providerId = 'p',
    endpointId = 'e',
    providerKeyId = 'k',
    requestCount = 1,
    ttl = 300,
  }: Pin,
) =>
  redis.set(
    `cache_affinity:${affinityKey}:CLAUDE:${modelId}`,
    JSON.stringify({
      provider_id: providerId,
      endpoint_id: endpointId,
      key_id: providerKeyId,
      created_at: Date.now() / 1_000,
      expire_at: Date.now() / 1_000 + ttl,
      request_count: requestCount,
    }),
    'EX',
    ttl,
  )
