import { InvalidInputError } from '../../errors.js'
import { type AffinityIdentity, hasSamePin, type ParsedAffinity } from '../affinity-record.js'
import type { KeyFamily } from '../key-family.js'
import { GATEWAY_PIN_FIELDS, parsePinValue } from '../pin-value.js'

const PREFIX = 'cache_affinity:'

/**
 * `cache_affinity:{apiKeyId}:{apiFormat}:{model}`, as Python gateways write it. An API key id and a format hold no
 * colon, a model may. Every component is data: `*`, `?`, `[`, `\`, `/`, spaces and Chinese come back as they went in.
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
    // The key, not the value, says whose pin it is: a record is found, shown and cleared by the same three components.
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
