import { decodeAffinityKey } from './keys.js'

/** An affinity as Redis holds it: one API key, API format and model pinned to one provider key. */
export interface AffinityRecord {
  /** The Redis key: the record's identity, and through its `sortText` the tie-breaker of every order. */
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

/** What a record is pinned to. */
export const PIN = [
  'providerId',
  'endpointId',
  'providerKeyId',
] as const satisfies readonly (keyof AffinityRecord)[]

export const isSamePin = (
  a: Pick<AffinityRecord, (typeof PIN)[number]>,
  b: Pick<AffinityRecord, (typeof PIN)[number]>,
): boolean => PIN.every((field) => a[field] === b[field])

/** 9999-12-31T23:59:59Z: later instants have no RFC 3339 form. */
const LAST_UNIX_SECOND = 253_402_300_799
const GRAPHQL_INT_MAX = 2 ** 31 - 1

/** The fields of a value, whatever they hold; a JSON array or a bare string has none of them. */
interface StoredFields {
  readonly provider_id?: unknown
  readonly endpoint_id?: unknown
  readonly key_id?: unknown
  readonly created_at?: unknown
  readonly expire_at?: unknown
  readonly request_count?: unknown
}

const isUnixSeconds = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= LAST_UNIX_SECOND

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

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
  if (typeof json !== 'object' || json === null) return { broken: 'not an affinity' }
  // By hand: a full read does this for each of a million records, and a schema's own objects would cost more than the JSON.
  const { provider_id, endpoint_id, key_id, created_at, expire_at, request_count }: StoredFields = json
  if (typeof provider_id !== 'string' || typeof endpoint_id !== 'string' || typeof key_id !== 'string')
    return { broken: 'not an affinity' }
  if (!isUnixSeconds(created_at) || !isUnixSeconds(expire_at) || !isCount(request_count))
    return { broken: 'not an affinity' }
  return {
    record: {
      key,
      affinityKey: identity.affinityKey,
      apiFormat: identity.apiFormat,
      modelId: identity.modelId,
      providerId: provider_id,
      endpointId: endpoint_id,
      providerKeyId: key_id,
      requestCount: Math.min(request_count, GRAPHQL_INT_MAX),
      createdAt: created_at,
      expiresAt: expire_at,
    },
  }
}
