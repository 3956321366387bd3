import { createHash } from 'node:crypto'
import type { StaticToken } from '../config/admin-tokens.js'
import { ForbiddenError, UnauthenticatedError, UnavailableError } from '../errors.js'
import type { AdminAccount, AdminDirectory } from '../gateway/admin-directory.js'
import { type AccessTokens, MAX_TOKEN_BYTES, REFUSED } from './jwt.js'
import type { LoginLimiter } from './login-limiter.js'
import type { PasswordVerifier } from './passwords.js'
import { createTokenMemory } from './revocation-cache.js'
import { createStaticTokenMatcher } from './static-tokens.js'
import { type Viewer, viewerOfAdmin, viewerOfStaticToken } from './viewer.js'

/** Throws UnavailableError (CACHE_UNAVAILABLE) when the cache does not answer. */
export interface TokenBlacklist {
  isRevoked(tokenSha256Hex: string): Promise<boolean>
}

export interface AuthenticatorDeps {
  readonly staticTokens: readonly StaticToken[]
  /** Undefined where no JWT secret is set: static tokens are then the only way in. */
  readonly accessTokens?: AccessTokens | undefined
  readonly directory: Pick<AdminDirectory, 'findById' | 'findByEmail'>
  readonly blacklist: TokenBlacklist
  readonly limiter: LoginLimiter
  readonly passwords: PasswordVerifier
  /** Unix milliseconds. */
  readonly now?: () => number
}

export interface Login {
  readonly token: string
  readonly expiresAt: Date
  readonly viewer: Viewer
}

export interface Authenticator {
  /**
   * The viewer of an `Authorization` header; null where there is none.
   * @throws UnauthenticatedError where credentials are given and are not good.
   * @throws UnavailableError where a JWT cannot be checked. A static token needs no store.
   */
  authenticate(authorization: string | null | undefined): Promise<Viewer | null>
  /**
   * A new access token for an admin; null, after the same work, for every other pair of email and password.
   * @param address The client's, for the limit of failures.
   * @throws RateLimitedError, UnavailableError; ForbiddenError where no JWT secret is set.
   */
  login(email: string, password: string, address: string): Promise<Login | null>
}

const BEARER = /^bearer\s+(\S+)$/i
/** Tokens whose state is remembered for a cache outage; about 200 bytes each. */
const REMEMBERED_TOKENS = 10_000
/** RFC 5321's longest address is shorter. */
const MAX_EMAIL_LENGTH = 320

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex')

const isAdmin = (account: AdminAccount | null): account is AdminAccount =>
  account !== null && account.role === 'admin' && account.isActive && !account.isDeleted

/** PostgreSQL answers a NUL with an error, which would read as an outage. */
const canBeEmail = (email: string): boolean => email.length <= MAX_EMAIL_LENGTH && !email.includes('\0')

export function createAuthenticator({
  staticTokens,
  accessTokens,
  directory,
  blacklist,
  limiter,
  passwords,
  now = Date.now,
}: AuthenticatorDeps): Authenticator {
  const matchStaticToken = createStaticTokenMatcher(staticTokens)
  const memory = createTokenMemory({ maxEntries: REMEMBERED_TOKENS, now })

  /** While the blacklist cannot be read, a token is good only if this process signed it or has seen it good. */
  async function isRevoked(hash: string, expiresAt: Date): Promise<boolean> {
    try {
      const revoked = await blacklist.isRevoked(hash)
      if (revoked) memory.rememberRevoked(hash, expiresAt)
      return revoked
    } catch (error) {
      const known = memory.recall(hash)
      const isOutage = error instanceof UnavailableError && error.code === 'CACHE_UNAVAILABLE'
      if (!isOutage || known === undefined) throw error
      return known === 'revoked'
    }
  }

  async function viewerOfAccessToken(token: string): Promise<Viewer> {
    if (!accessTokens) throw new UnauthenticatedError(REFUSED)
    const { userId, expiresAt } = await accessTokens.verify(token)
    const hash = sha256Hex(token)
    if (await isRevoked(hash, expiresAt)) throw new UnauthenticatedError(REFUSED)
    const account = await directory.findById(userId)
    if (!isAdmin(account)) throw new UnauthenticatedError(REFUSED)
    memory.rememberClean(hash, expiresAt)
    return viewerOfAdmin(account)
  }

  /** The admin whose email and password these are. Every refusal has cost one comparison of passwords. */
  async function adminOf(email: string, password: string): Promise<AdminAccount | null> {
    const account = canBeEmail(email) ? await directory.findByEmail(email.trim()) : null
    const matches = await passwords.verify(password, account?.passwordHash)
    return matches && isAdmin(account) ? account : null
  }

  return {
    async authenticate(authorization) {
      const header = authorization?.trim() ?? ''
      if (header === '') return null
      const token = BEARER.exec(header)?.[1]
      if (token === undefined)
        throw new UnauthenticatedError('Send the token as "Authorization: Bearer <token>".')
      if (token.length > MAX_TOKEN_BYTES) throw new UnauthenticatedError(REFUSED)
      const staticToken = matchStaticToken(token)
      return staticToken ? viewerOfStaticToken(staticToken) : viewerOfAccessToken(token)
    },

    async login(email, password, address) {
      if (!accessTokens) throw new ForbiddenError('Login is off: no JWT secret is set. Use a static token.')
      const attempt = await limiter.reserve(address, email)
      const admin = await adminOf(email, password).catch(async (error: unknown) => {
        // An outage says nothing about the password.
        await attempt.giveBack()
        throw error
      })
      if (!admin) return null
      await attempt.giveBack()
      const { token, expiresAt } = await accessTokens.sign(admin)
      memory.rememberClean(sha256Hex(token), expiresAt)
      return { token, expiresAt, viewer: viewerOfAdmin(admin) }
    },
  }
}
