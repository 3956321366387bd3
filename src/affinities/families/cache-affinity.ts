import { type AffinityIdentity, hasSamePin, type ParsedAffinity } from '../affinity-record.js'
import type { KeyFamily, StoredFields } from '../key-family.js'
import { GATEWAY_PIN_FIELDS, parsePinValue } from '../pin-value.js'
import { joinParts, takeApart } from './known-formats.js'

const NAME = 'cache_affinity'

/**
 * The key family `cache_affinity:{apiKeyId}:{apiFormat}:{model}`, which Python gateways write. An API key id contains no
 * colon; a format and a model may. No other character is special: `*`, `?`, `[`, `\`, `/` and spaces are ordinary data.
 * @param keyPrefix what stands before every key of the gateway: nothing, or a name and a colon
 */
export function createCacheAffinity(keyPrefix: string) {
  const prefix = `${keyPrefix}${NAME}:`
  const decode = (key: string, value?: StoredFields): AffinityIdentity | undefined =>
    key.startsWith(prefix)
      ? (identityOfValue(key, prefix.length, value) ?? takeApart(key, prefix.length))
      : undefined
  return {
    name: NAME,
    prefix,
    dimensions: [],
    modelIs: 'id',
    orders: ['EXPIRES_AT', 'CREATED_AT', 'REQUEST_COUNT'],
    ...GATEWAY_PIN_FIELDS,
    encode: (identity: AffinityIdentity): string => `${prefix}${joinParts(identity)}`,
    decode,
    parse: (key: string, value: string, expiresAt?: number): ParsedAffinity =>
      parsePinValue(NAME, key, value, expiresAt, (fields) => decode(key, fields)),
    isSamePin: hasSamePin,
  } as const satisfies KeyFamily
}

export const cacheAffinity = createCacheAffinity('')

/**
 * The value repeats the format and the model. They tell where the key is to be divided, but only if the key consists of
 * exactly an API key id and them: otherwise a record would be shown and cleared by ids that its key does not have.
 */
function identityOfValue(
  key: string,
  start: number,
  value: StoredFields | undefined,
): AffinityIdentity | undefined {
  const { api_format: apiFormat, model_name: modelId } = (value ?? {}) as RepeatedFields
  if (typeof apiFormat !== 'string' || typeof modelId !== 'string') return undefined
  const idEnd = key.length - apiFormat.length - modelId.length - 2
  if (key.indexOf(':', start) !== idEnd || !key.endsWith(`:${apiFormat}:${modelId}`)) return undefined
  return { affinityKey: key.slice(start, idEnd), apiFormat, modelId }
}

interface RepeatedFields {
  readonly api_format?: unknown
  readonly model_name?: unknown
}
