import { type AffinityIdentity, hasSamePin, type ParsedAffinity } from '../affinity-record.js'
import type { KeyFamily, StoredFields } from '../key-family.js'
import { GATEWAY_PIN_FIELDS, parsePinValue } from '../pin-value.js'
import { joinParts, takeApart } from './known-formats.js'

const NAME = 'scheduler_affinity'

/** A first part of this form is the version of another key form, and no API key id. */
const VERSION = /^v\d+$/

/**
 * The key family `scheduler_affinity:{apiKeyId}:{apiFormat}:{model}`, which Rust gateways write beside the one with sessions.
 * The model is the name that the client asked for.
 */
export function createSchedulerAffinity(keyPrefix: string) {
  const prefix = `${keyPrefix}${NAME}:`
  const owns = (key: string): boolean => {
    if (!key.startsWith(prefix)) return false
    const end = key.indexOf(':', prefix.length)
    return !VERSION.test(key.slice(prefix.length, end < 0 ? undefined : end))
  }
  const decode = (key: string): AffinityIdentity | undefined =>
    owns(key) ? takeApart(key, prefix.length) : undefined
  return {
    name: NAME,
    prefix,
    owns,
    dimensions: ['epoch'],
    modelIs: 'name',
    ttlSeconds: 300,
    orders: ['EXPIRES_AT', 'CREATED_AT', 'REQUEST_COUNT'],
    ...GATEWAY_PIN_FIELDS,
    encode: (identity: AffinityIdentity): string | undefined =>
      VERSION.test(identity.affinityKey) ? undefined : `${prefix}${joinParts(identity)}`,
    decode,
    parse: (key: string, value: string, expiresAt?: number): ParsedAffinity =>
      parsePinValue(NAME, key, value, expiresAt, (fields) => {
        const identity = decode(key)
        const epoch = epochOf(fields)
        return identity && epoch !== undefined ? { ...identity, extra: { epoch } } : identity
      }),
    isSamePin: hasSamePin,
  } as const satisfies KeyFamily
}

/** Returns the epoch of the process that wrote a record; undefined if it is no integer, which says nothing about the pin. */
export function epochOf({ scheduler_affinity_epoch: epoch }: StoredFields & Epoch): string | undefined {
  return Number.isSafeInteger(epoch) ? String(epoch) : undefined
}

interface Epoch {
  readonly scheduler_affinity_epoch?: unknown
}
