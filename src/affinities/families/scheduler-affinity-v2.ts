import { type AffinityIdentity, hasSamePin, type ParsedAffinity } from '../affinity-record.js'
import type { KeyFamily } from '../key-family.js'
import { GATEWAY_PIN_FIELDS, parsePinValue } from '../pin-value.js'
import { joinParts, takeApart } from './known-formats.js'
import { epochOf } from './scheduler-affinity.js'

const NAME = 'scheduler_affinity_v2'

/** A session's hash: a SHA-256 in hexadecimal digits. */
const HASH = /^[0-9a-fA-F]{64}$/
const HASH_LENGTH = 64

/**
 * The key family `scheduler_affinity:v2:{apiKeyId}:{apiFormat}:{model}:{clientFamily}:{sessionHash}`: the pins of single
 * sessions of clients, which Rust gateways write. The model is the name that the client asked for.
 */
export function createSchedulerAffinityV2(keyPrefix: string) {
  const prefix = `${keyPrefix}scheduler_affinity:v2:`
  function decode(key: string): AffinityIdentity | undefined {
    if (!key.startsWith(prefix)) return undefined
    const hashAt = key.length - HASH_LENGTH
    const familyAt = key.lastIndexOf(':', hashAt - 2) + 1
    // The client's family is not empty, and a colon stands between it and the hash.
    if (familyAt <= prefix.length || familyAt >= hashAt - 1 || key[hashAt - 1] !== ':') return undefined
    const sessionHash = key.slice(hashAt)
    if (!HASH.test(sessionHash)) return undefined
    const parts = takeApart(key, prefix.length, familyAt - 1)
    if (!parts) return undefined
    return { ...parts, extra: { clientFamily: key.slice(familyAt, hashAt - 1), sessionHash } }
  }
  return {
    name: NAME,
    prefix,
    dimensions: ['clientFamily', 'sessionHash', 'epoch'],
    tail: { dimension: 'sessionHash', length: HASH_LENGTH },
    modelIs: 'name',
    ttlSeconds: 300,
    orders: ['EXPIRES_AT', 'CREATED_AT', 'REQUEST_COUNT'],
    ...GATEWAY_PIN_FIELDS,
    encode(identity: AffinityIdentity): string | undefined {
      const { clientFamily, sessionHash } = (identity.extra ?? {}) as Session
      if (!clientFamily || !sessionHash || clientFamily.includes(':') || !HASH.test(sessionHash))
        return undefined
      return `${prefix}${joinParts(identity)}:${clientFamily}:${sessionHash}`
    },
    decode,
    parse: (key: string, value: string, expiresAt?: number): ParsedAffinity =>
      parsePinValue(NAME, key, value, expiresAt, (fields) => {
        const identity = decode(key)
        const epoch = epochOf(fields)
        return identity && epoch !== undefined
          ? { ...identity, extra: { ...identity.extra, epoch } }
          : identity
      }),
    isSamePin: hasSamePin,
  } as const satisfies KeyFamily
}

interface Session {
  readonly clientFamily?: string
  readonly sessionHash?: string
}
