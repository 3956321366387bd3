import { createHmac, createSecretKey, randomUUID, timingSafeEqual } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { ConfigurationError, UnauthenticatedError } from '../errors.js'

/** The longest accepted token, in bytes; longer ones are refused before any work is done on them. A token is ASCII. */
export const MAX_TOKEN_BYTES = 8192

/**
 * The canonical form of an HS256 token. Decoders accept other forms (`=`, a line break, set bits after the 32 bytes of the
 * signature), but the blacklist contains hashes of texts: another form of a revoked token would not be on it.
 */
const CANONICAL_HS256 = /^[\w-]+\.[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/

/** The message for every refused token. It is the same for all reasons, so that it reveals none. */
export const REFUSED = 'The token is invalid, expired or revoked.'

/** The claim `iss` of the tokens that this service signs itself. */
const ISSUER = 'affinityql'
/** The claim of our own tokens that ends them when the password changes. */
const PASSWORD_CLAIM = 'pwd'
/** Milliseconds by which the clock of the instance that signed a token may be ahead of this one. */
const CLOCK_TOLERANCE_MS = 60_000

export interface AccessTokenOptions {
  /** Seconds for which a signed token is valid. */
  readonly ttlSeconds: number
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** What a token says whose signature and time are good. */
export interface AccessClaims {
  readonly userId: string
  readonly expiresAt: Date
  /** Null if the token names no session, or with a text that cannot be an id. */
  readonly sessionId: string | null
  /** The claims `role` and `created_at` as they are; undefined where the token has none. */
  readonly role: unknown
  readonly createdAt: unknown
  /** The mark of the password that it was given for; null if this service has not signed the token itself. */
  readonly passwordMark: string | null
}

export interface AccessTokens {
  /** Checks a token. @throws UnauthenticatedError, which does not say why and does not quote the token */
  verify(token: string): Promise<AccessClaims>
  /** Without a hash the token is one for the gateway's own API: it has no issuer and no mark. */
  sign(user: {
    readonly id: string
    readonly passwordHash?: string
  }): Promise<{ token: string; expiresAt: Date }>
  /** Returns true if the mark was made for this password's hash. */
  isMarkOf(mark: string, passwordHash: string | null): boolean
}

/** PostgreSQL takes no NUL. */
const isId = (value: unknown): value is string => typeof value === 'string' && /^[^\0]+$/.test(value)

/**
 * Signs and verifies access tokens: HS256 with the claims `user_id`, `type: "access"` and `exp`, all three required. There is
 * no tolerance for clocks: `exp` and `nbf` are exact to the second. Tokens of our own carry an issuer and a mark of the
 * password's hash; one that would be valid for longer than `ttlSeconds` is none of ours.
 * @param secret the value of `JWT_SECRET_KEY`
 * @throws ConfigurationError if the secret is empty, since then anyone could sign
 */
export function createAccessTokens(
  secret: string,
  { ttlSeconds, now = Date.now }: AccessTokenOptions,
): AccessTokens {
  if (secret === '') throw new ConfigurationError(['JWT_SECRET_KEY is empty.'])
  const key = createSecretKey(secret, 'utf8')

  const payloadOf = async (token: string) => {
    try {
      const options = { algorithms: ['HS256'], currentDate: new Date(now()) }
      return (await jwtVerify(token, key, options)).payload
    } catch {
      // The error is not kept as a cause: jose's errors contain the claims, and V8's JSON errors quote the text.
      return undefined
    }
  }

  /** An HMAC, because anybody who holds the token can read its claims, and must not learn the hash from them. */
  const markOf = (passwordHash: string): string =>
    createHmac('sha256', key).update(`affinityql password ${passwordHash}`).digest('base64url')

  return {
    async verify(token) {
      const acceptable = token.length <= MAX_TOKEN_BYTES && CANONICAL_HS256.test(token)
      const payload = acceptable ? await payloadOf(token) : undefined
      const { user_id: userId, type, session_id: sessionId, role, created_at: createdAt } = payload ?? {}
      // Without `exp`, or with one after the last possible date, this is an invalid date.
      const expiresAt = new Date((payload?.exp ?? Number.NaN) * 1000)
      if (!payload || type !== 'access' || !isId(userId) || Number.isNaN(expiresAt.getTime())) {
        throw new UnauthenticatedError(REFUSED)
      }
      const claims = { userId, expiresAt, sessionId: isId(sessionId) ? sessionId : null, role, createdAt }
      if (payload.iss !== ISSUER) return { ...claims, passwordMark: null }
      const passwordMark = payload[PASSWORD_CLAIM]
      const isTooLong = expiresAt.getTime() - now() > ttlSeconds * 1000 + CLOCK_TOLERANCE_MS
      if (typeof passwordMark !== 'string' || isTooLong) {
        throw new UnauthenticatedError(REFUSED)
      }
      return { ...claims, passwordMark }
    },

    async sign({ id, passwordHash }) {
      const exp = Math.floor(now() / 1000) + ttlSeconds
      // Without a jti, two sessions that begin in one second would have the same token, and revoking one would end both.
      const claims = {
        user_id: id,
        type: 'access',
        jti: randomUUID(),
        ...(passwordHash !== undefined && { iss: ISSUER, [PASSWORD_CLAIM]: markOf(passwordHash) }),
      }
      const token = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setExpirationTime(exp)
        .sign(key)
      return { token, expiresAt: new Date(exp * 1000) }
    },

    isMarkOf(mark, passwordHash) {
      if (passwordHash === null) return false
      const [given, expected] = [Buffer.from(mark), Buffer.from(markOf(passwordHash))]
      return given.length === expected.length && timingSafeEqual(given, expected)
    },
  }
}
