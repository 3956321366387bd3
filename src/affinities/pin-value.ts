import { MAX_INT } from '../util/int32.js'
import { parseJson } from '../util/text.js'
import type { AffinityIdentity, ParsedAffinity } from './affinity-record.js'
import type { KeyFamily, StoredFields } from './key-family.js'

/** 9999-12-31T23:59:59Z: later instants have no RFC 3339 form. */
const LAST_UNIX_SECOND = 253_402_300_799

const isUnixSeconds = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= LAST_UNIX_SECOND

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

/** The names that all gateways give to the fields of a pin. */
export const GATEWAY_PIN_FIELDS = {
  valueFields: { providerId: 'provider_id', endpointId: 'endpoint_id', providerKeyId: 'key_id' },
  createdAtField: 'created_at',
} as const satisfies Pick<KeyFamily, 'valueFields' | 'createdAtField'>

/** The fields that such a pin has, whatever they hold; a JSON array or a bare string has none of them. */
interface GatewayPin extends StoredFields {
  readonly provider_id?: unknown
  readonly endpoint_id?: unknown
  readonly key_id?: unknown
  readonly created_at?: unknown
  readonly expire_at?: unknown
  readonly request_count?: unknown
}

/**
 * Reads a pin as gateways write it: a JSON object of the fields above, `expire_at` and `request_count`.
 * @param identify says who and what is pinned, by the value's fields where the key does not tell alone
 */
export function parsePinValue(
  key: string,
  value: string,
  identify: (value: StoredFields) => AffinityIdentity | undefined,
): ParsedAffinity {
  const json = parseJson(value)
  if (json === undefined) return { broken: 'not JSON' }
  if (typeof json !== 'object' || json === null) return { broken: 'not an affinity' }
  const fields = json as GatewayPin
  // By hand: a full read does this for each of a million records, and a schema's own objects would cost more than the JSON.
  const { provider_id, endpoint_id, key_id, created_at, expire_at, request_count } = fields
  if (typeof provider_id !== 'string' || typeof endpoint_id !== 'string' || typeof key_id !== 'string')
    return { broken: 'not an affinity' }
  if (!isUnixSeconds(created_at) || !isUnixSeconds(expire_at) || !isCount(request_count))
    return { broken: 'not an affinity' }
  const identity = identify(fields)
  if (!identity) return { broken: 'unknown key form' }
  const { affinityKey, apiFormat, modelId, extra } = identity
  return {
    record: {
      key,
      affinityKey,
      apiFormat,
      modelId,
      ...(extra && { extra }),
      providerId: provider_id,
      endpointId: endpoint_id,
      providerKeyId: key_id,
      requestCount: Math.min(request_count, MAX_INT),
      createdAt: created_at,
      expiresAt: expire_at,
    },
  }
}
