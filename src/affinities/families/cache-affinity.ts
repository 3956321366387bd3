import { InvalidInputError } from '../../errors.js'
import { type AffinityIdentity, hasSamePin, type ParsedAffinity } from '../affinity-record.js'
import type { KeyFamily } from '../key-family.js'
import { GATEWAY_PIN_FIELDS, parsePinValue } from '../pin-value.js'

const PREFIX = 'cache_affinity:'

/**
 * The key family `cache_affinity:{apiKeyId}:{apiFormat}:{model}`, which Python gateways write. An API key id and a format
 * contain no colon; a model may. No other character is special: `*`, `?`, `[`, `\`, `/` and spaces are ordinary data.
 */
export const cacheAffinity = {
  name: 'cache_affinity',
  prefix: PREFIX,
  dimensions: [],
  orders: ['EXPIRES_AT', 'CREATED_AT', 'REQUEST_COUNT'],
  ...GATEWAY_PIN_FIELDS,
  encode(identity: AffinityIdentity): string {
    for (const field of ['affinityKey', 'apiFormat'] as const) {
      if (identity[field].includes(':'))
        throw new InvalidInputError(`${field} cannot contain a colon.`, field)
    }
    return `${PREFIX}${identity.affinityKey}:${identity.apiFormat}:${identity.modelId}`
  },
  decode,
  parse(key: string, value: string): ParsedAffinity {
    const identity = decode(key)
    // The identity comes from the key and not from the value, so that a record is found, shown and cleared by the same ids.
    return identity ? parsePinValue(key, value, () => identity) : { broken: 'unknown key form' }
  },
  isSamePin: hasSamePin,
} satisfies KeyFamily

function decode(key: string): AffinityIdentity | undefined {
  if (!key.startsWith(PREFIX)) return undefined
  const first = key.indexOf(':', PREFIX.length)
  const second = first < 0 ? -1 : key.indexOf(':', first + 1)
  if (second < 0) return undefined
  return {
    affinityKey: key.slice(PREFIX.length, first),
    apiFormat: key.slice(first + 1, second),
    modelId: key.slice(second + 1),
  }
}
