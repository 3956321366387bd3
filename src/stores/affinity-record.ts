import { z } from 'zod'
import { decodeAffinityKey } from './keys.js'

/** An affinity as Redis holds it: one API key, API format and model pinned to one provider key. */
export interface AffinityRecord {
  /** The Redis key: the record's identity, and the tie-breaker of every order. */
  readonly key: string
  readonly affinityKey: string
  readonly apiFormat: string
  readonly modelId: string
  readonly providerId: string
  readonly endpointId: string
  readonly providerKeyId: string
  /** Requests served by this pin, 0..2^31-1. */
  readonly requestCount: number
  /** Unix seconds, with fractions. */
  readonly createdAt: number
  /** Unix seconds, with fractions. The gateway slides it on each use; Redis's own TTL decides. */
  readonly expiresAt: number
}

/** 9999-12-31T23:59:59Z: later instants have no RFC 3339 form. */
const LAST_UNIX_SECOND = 253_402_300_799
const GRAPHQL_INT_MAX = 2 ** 31 - 1

const unixSeconds = z.number().min(0).max(LAST_UNIX_SECOND)

const storedAffinity = z.object({
  provider_id: z.string(),
  endpoint_id: z.string(),
  key_id: z.string(),
  created_at: unixSeconds,
  expire_at: unixSeconds,
  request_count: z
    .number()
    .int()
    .min(0)
    .transform((count) => Math.min(count, GRAPHQL_INT_MAX)),
})

/** Why a value under an affinity key is not an affinity. */
export type BrokenReason = 'unknown key form' | 'wrong Redis type' | 'not JSON' | 'not an affinity'

export type ParsedAffinity = { readonly record: AffinityRecord } | { readonly broken: BrokenReason }

/**
 * Reads one stored value. The key, not the value, says which API key, format and model it belongs to:
 * a record is found, shown and cleared by the same three components.
 */
export function parseAffinity(key: string, value: string): ParsedAffinity {
  const identity = decodeAffinityKey(key)
  if (!identity) return { broken: 'unknown key form' }
  let json: unknown
  try {
    json = JSON.parse(value)
  } catch {
    return { broken: 'not JSON' }
  }
  const stored = storedAffinity.safeParse(json)
  if (!stored.success) return { broken: 'not an affinity' }
  return {
    record: {
      key,
      ...identity,
      providerId: stored.data.provider_id,
      endpointId: stored.data.endpoint_id,
      providerKeyId: stored.data.key_id,
      requestCount: stored.data.request_count,
      createdAt: stored.data.created_at,
      expiresAt: stored.data.expire_at,
    },
  }
}
