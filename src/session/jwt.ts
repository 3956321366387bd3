import { createSecretKey, randomUUID } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { ConfigurationError, UnauthenticatedError } from '../errors.js'

/** Longer tokens are refused before any work is done on them. In bytes, which are characters: a token is ASCII. */
export const MAX_TOKEN_BYTES = 8192

/**
 * The one way to write an HS256 token. Decoders accept more (`=`, a line break, set bits after the 32 bytes of the
 * signature), and the blacklist holds hashes of texts: a second spelling of a revoked token would not be on it.
 */
const CANONICAL_HS256 = /^[\w-]+\.[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/

/** What is said of every token that is not accepted, whatever the reason. */
export const REFUSED = 'The token is invalid, expired or revoked.'

export interface AccessTokenOptions {
  /** How long a signed token holds, in seconds. */
  readonly ttlSeconds: number
  /** Unix milliseconds. */
  readonly now?: () => number
}

export interface AccessTokens {
  /** @throws UnauthenticatedError, which does not say why and does not quote the token. */
  verify(token: string): Promise<{ userId: string; expiresAt: Date }>
  sign(user: { readonly id: string }): Promise<{ token: string; expiresAt: Date }>
}

/**
 * The gateway's access tokens: HS256 over `user_id`, `type: "access"` and `exp`, all three required.
 * There is no tolerance for clocks: `exp` and `nbf` hold to the second.
 * @param secret `JWT_SECRET_KEY`.
 * @throws ConfigurationError where it is empty: anyone could sign.
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
      // jose's error carries the claims, and V8's JSON errors quote their text: neither goes on as a cause.
      return undefined
    }
  }

  return {
    async verify(token) {
      const acceptable = token.length <= MAX_TOKEN_BYTES && CANONICAL_HS256.test(token)
      const payload = acceptable ? await payloadOf(token) : undefined
      const userId = payload?.['user_id']
      const isAccess = payload?.['type'] === 'access' && typeof userId === 'string' && /^[^\0]+$/.test(userId)
      // Without `exp`, or with one past the last date there is, this is no date.
      const expiresAt = new Date((payload?.exp ?? Number.NaN) * 1000)
      if (!isAccess || Number.isNaN(expiresAt.getTime())) throw new UnauthenticatedError(REFUSED)
      return { userId, expiresAt }
    },

    async sign({ id }) {
      const exp = Math.floor(now() / 1000) + ttlSeconds
      // Without a jti, two sessions begun in one second would be one token: revoking either would end both.
      const token = await new SignJWT({ user_id: id, type: 'access', jti: randomUUID() })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setExpirationTime(exp)
        .sign(key)
      return { token, expiresAt: new Date(exp * 1000) }
    },
  }
}
