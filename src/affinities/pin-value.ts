import { MAX_INT } from '../util/int32.js'
import { parseJson } from '../util/text.js'
import type { AffinityIdentity, AffinityRecord, ParsedAffinity } from './affinity-record.js'
import type { KeyFamily, StoredFields } from './key-family.js'

/** 9999-12-31T23:59:59Z: later times have no RFC 3339 form. */
const LAST_UNIX_SECOND = 253_402_300_799

const isUnixSeconds = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= LAST_UNIX_SECOND

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

/** The field names of a pin that all gateways use. */
export const GATEWAY_PIN_FIELDS = {
  valueFields: { providerId: 'provider_id', endpointId: 'endpoint_id', providerKeyId: 'key_id' },
  createdAtField: 'created_at',
  figureFields: { writtenExpiry: 'expire_at', requestCount: 'request_count' },
} as const satisfies Pick<KeyFamily, 'valueFields' | 'createdAtField' | 'figureFields'>

/** The fields of a gateway's pin, with unchecked values. A JSON array has none of them. */
interface GatewayPin extends StoredFields {
  readonly provider_id?: unknown
  readonly endpoint_id?: unknown
  readonly key_id?: unknown
  readonly created_at?: unknown
  readonly expire_at?: unknown
  readonly request_count?: unknown
}

/**
 * Parses a pin as gateways write it: a JSON object with the fields above, `expire_at` and `request_count`.
 * @param family the name of the key's family
 * @param expiresAt when the cache removes the record; without it, what the value says
 * @param identify returns the identity of the record, from the key and, if the family needs them, the value's fields
 */
export function parsePinValue(
  family: string,
  key: string,
  value: string,
  expiresAt: number | undefined,
  identify: (value: StoredFields) => AffinityIdentity | undefined,
): ParsedAffinity {
  const json = parseJson(value)
  if (json === undefined) return { broken: 'not JSON' }
  if (typeof json !== 'object' || json === null) return { broken: 'not an affinity' }
  const fields = json as GatewayPin
  // Checked by hand and not with zod: for each of a million records of a full read, zod would cost more than JSON.parse.
  const { provider_id, endpoint_id, key_id, created_at, expire_at, request_count } = fields
  if (typeof provider_id !== 'string' || typeof endpoint_id !== 'string' || typeof key_id !== 'string')
    return { broken: 'not an affinity' }
  if (!isUnixSeconds(created_at) || !isUnixSeconds(expire_at) || !isCount(request_count))
    return { broken: 'not an affinity' }
  const identity = identify(fields)
  if (!identity) return { broken: 'unknown key form' }
  const { affinityKey, apiFormat, modelId, extra } = identity
  // A literal without a spread: this runs for each of a million records.
  const record: AffinityRecord = {
    key,
    family,
    affinityKey,
    apiFormat,
    modelId,
    providerId: provider_id,
    endpointId: endpoint_id,
    providerKeyId: key_id,
    requestCount: Math.min(request_count, MAX_INT),
    createdAt: created_at,
    expiresAt: expiresAt ?? expire_at,
    writtenExpiry: expire_at,
  }
  if (extra) Object.assign(record, { extra })
  return { record }
}
