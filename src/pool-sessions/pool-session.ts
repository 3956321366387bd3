import { createHash } from 'node:crypto'

/**
 * A session that a pool of provider keys sends to one provider key. The client's token, which the Redis key holds, is a
 * secret: it stands in no field but `key`, and `key` is shown to nobody.
 */
export interface PoolSession {
  /** The Redis key. It holds the token: it goes nowhere but to Redis. */
  readonly key: string
  readonly providerId: string
  readonly providerKeyId: string
  /** The SHA-256 of the token, 64 hexadecimal digits. */
  readonly digest: string
  /** Seconds until Redis removes it; null if it does not expire. */
  readonly ttlSeconds: number | null
}

/** The digits of a digest that are shown. */
export const SHOWN_DIGITS = 16

export const digestOf = (token: string): string => createHash('sha256').update(token).digest('hex')

const ROOT = 'ap:'
const STICKY = 'sticky:'

/** The SCAN pattern of all pool sessions. It also finds other keys, so each must be decoded. */
export const POOL_SESSION_PATTERN = `${ROOT}*:${STICKY}*`

/** Decodes a key `ap:{providerId}:sticky:{token}`; undefined for other keys of pools. A token may hold colons. */
export function decodePoolSessionKey(
  key: string,
  keyPrefix: string,
): Pick<PoolSession, 'providerId' | 'digest'> | undefined {
  const start = keyPrefix.length + ROOT.length
  if (!key.startsWith(keyPrefix + ROOT)) return undefined
  const end = key.indexOf(':', start)
  const tokenAt = end + 1 + STICKY.length
  if (end <= start || !key.startsWith(STICKY, end + 1) || tokenAt === key.length) return undefined
  return { providerId: key.slice(start, end), digest: digestOf(key.slice(tokenAt)) }
}
