import { createHash } from 'node:crypto'
import type { StaticToken } from '../config/admin-tokens.js'
import { ForbiddenError, UnauthenticatedError, UnavailableError } from '../errors.js'
import type { AdminAccount, AdminDirectory } from '../gateway/gateway.js'
import { type AccessTokens, MAX_TOKEN_BYTES, REFUSED } from './jwt.js'
import type { LoginLimiter } from './login-limiter.js'
import type { PasswordVerifier } from './passwords.js'
import { createRevocationCache } from './revocation-cache.js'
import { createStaticTokenMatcher } from './static-tokens.js'
import { type Viewer, viewerOfAdmin, viewerOfStaticToken } from './viewer.js'

/** Reads the gateway's blacklist of tokens. Throws UnavailableError (CACHE_UNAVAILABLE) if the cache does not answer. */
export interface TokenBlacklist {
  isRevoked(tokenSha256Hex: string): Promise<boolean>
}

export interface AuthenticatorDeps {
  readonly staticTokens: readonly StaticToken[]
  /** Undefined if no JWT secret is set: then only static tokens are accepted. */
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
   * Returns the viewer of an `Authorization` header; null if there is no header.
   * @throws UnauthenticatedError if the credentials are invalid
   * @throws UnavailableError if a JWT cannot be checked. A static token needs neither cache nor database.
   */
  authenticate(authorization: string | null | undefined): Promise<Viewer | null>
  /** Does the same for many tokens at once: tokens of one account share the statement that reads it. */
  review(authorization: string | null | undefined): Promise<Viewer | null>
  /**
   * Signs an admin in and creates an access token. For any other email or password it returns null, after the same work.
   * @param address the client's address, by which failures are limited, and which is known from then on
   * @throws RateLimitedError, UnavailableError; ForbiddenError if no JWT secret is set
   */
  login(email: string, password: string, address: string): Promise<Login | null>
}

const BEARER = /^bearer\s+(\S+)$/i
/** Tokens whose state is remembered for a cache outage, with about 200 bytes each. */
const REMEMBERED_TOKENS = 10_000
/** The longest accepted email; the longest address of RFC 5321 is shorter. */
const MAX_EMAIL_LENGTH = 320

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex')

const isAdmin = (account: AdminAccount | null): account is AdminAccount =>
  account !== null && account.role === 'admin' && account.isActive && !account.isDeleted

/** Rejects texts that are no email before the query: PostgreSQL's error for a NUL would look like an outage. */
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
  const revocations = createRevocationCache({ maxEntries: REMEMBERED_TOKENS, now })

  /** Checks the blacklist. While it cannot be read, a token is valid only if this process signed it or has seen it valid. */
  async function isRevoked(hash: string, expiresAt: Date): Promise<boolean> {
    try {
      const revoked = await blacklist.isRevoked(hash)
      if (revoked) revocations.rememberRevoked(hash, expiresAt)
      return revoked
    } catch (error) {
      const known = revocations.recall(hash)
      const isOutage = error instanceof UnavailableError && error.code === 'CACHE_UNAVAILABLE'
      if (!isOutage || known === undefined) throw error
      return known === 'revoked'
    }
  }

  /** Reads that are under way (single flight). */
  const lookUps = new Map<string, Promise<AdminAccount | null>>()
  function findTogether(id: string): Promise<AdminAccount | null> {
    const found = lookUps.get(id) ?? directory.findById(id).finally(() => lookUps.delete(id))
    lookUps.set(id, found)
    return found
  }

  async function viewerOfAccessToken(token: string, findById: AdminDirectory['findById']): Promise<Viewer> {
    if (!accessTokens) throw new UnauthenticatedError(REFUSED)
    const { userId, expiresAt } = await accessTokens.verify(token)
    const hash = sha256Hex(token)
    if (await isRevoked(hash, expiresAt)) throw new UnauthenticatedError(REFUSED)
    const account = await findById(userId)
    if (!isAdmin(account)) throw new UnauthenticatedError(REFUSED)
    revocations.rememberClean(hash, expiresAt)
    return viewerOfAdmin(account)
  }

  /** Finds the admin with this email and password. Each refusal costs exactly one comparison of passwords. */
  async function adminOf(email: string, password: string, isKnown: boolean): Promise<AdminAccount | null> {
    const account = canBeEmail(email) ? await directory.findByEmail(email.trim()) : null
    const matches = await passwords.verify(password, account?.passwordHash, isKnown)
    return matches && isAdmin(account) ? account : null
  }

  async function viewerOf(
    authorization: string | null | undefined,
    findById: AdminDirectory['findById'],
  ): Promise<Viewer | null> {
    const header = authorization?.trim() ?? ''
    if (header === '') return null
    const token = BEARER.exec(header)?.[1]
    if (token === undefined)
      throw new UnauthenticatedError('Send the token as "Authorization: Bearer <token>".')
    if (token.length > MAX_TOKEN_BYTES) throw new UnauthenticatedError(REFUSED)
    const staticToken = matchStaticToken(token)
    return staticToken ? viewerOfStaticToken(staticToken) : viewerOfAccessToken(token, findById)
  }

  return {
    authenticate: (authorization) => viewerOf(authorization, (id) => directory.findById(id)),
    review: (authorization) => viewerOf(authorization, findTogether),

    async login(email, password, address) {
      if (!accessTokens) throw new ForbiddenError('Login is off: no JWT secret is set. Use a static token.')
      const attempt = await limiter.reserve(address, email)
      const admin = await adminOf(email, password, attempt.isKnown).catch(async (error: unknown) => {
        // An outage, or a comparison that may not wait, says nothing about the password.
        await attempt.giveBack()
        throw error
      })
      if (!admin) return null
      await attempt.giveBack()
      limiter.remember(address, email)
      const { token, expiresAt } = await accessTokens.sign(admin)
      revocations.rememberClean(sha256Hex(token), expiresAt)
      return { token, expiresAt, viewer: viewerOfAdmin(admin) }
    },
  }
}
