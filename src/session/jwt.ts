import { createSecretKey, randomUUID } from 'node:crypto'
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

export interface AccessTokenOptions {
  /** Seconds for which a signed token is valid. */
  readonly ttlSeconds: number
  /** Unix milliseconds. */
  readonly now?: () => number
}

export interface AccessTokens {
  /** Checks a token. @throws UnauthenticatedError, which does not say why and does not quote the token */
  verify(token: string): Promise<{ userId: string; expiresAt: Date }>
  sign(user: { readonly id: string }): Promise<{ token: string; expiresAt: Date }>
}

/**
 * Signs and verifies the gateway's access tokens: HS256 with the claims `user_id`, `type: "access"` and `exp`, all three
 * required. There is no tolerance for clocks: `exp` and `nbf` are exact to the second.
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

  return {
    async verify(token) {
      const acceptable = token.length <= MAX_TOKEN_BYTES && CANONICAL_HS256.test(token)
      const payload = acceptable ? await payloadOf(token) : undefined
      const userId = payload?.['user_id']
      const isAccess = payload?.['type'] === 'access' && typeof userId === 'string' && /^[^\0]+$/.test(userId)
      // Without `exp`, or with one after the last possible date, this is an invalid date.
      const expiresAt = new Date((payload?.exp ?? Number.NaN) * 1000)
      if (!isAccess || Number.isNaN(expiresAt.getTime())) throw new UnauthenticatedError(REFUSED)
      return { userId, expiresAt }
    },

    async sign({ id }) {
      const exp = Math.floor(now() / 1000) + ttlSeconds
      // Without a jti, two sessions that begin in one second would have the same token, and revoking one would end both.
      const token = await new SignJWT({ user_id: id, type: 'access', jti: randomUUID() })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setExpirationTime(exp)
        .sign(key)
      return { token, expiresAt: new Date(exp * 1000) }
    },
  }
}
