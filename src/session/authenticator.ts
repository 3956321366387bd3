import { createHash } from 'node:crypto'
import type { StaticToken } from '../config/admin-tokens.js'
import { ForbiddenError, UnauthenticatedError, UnavailableError } from '../errors.js'
import type { AdminAccount, AdminDirectory, ManagementToken, TokenHolder } from '../gateway/gateway.js'
import { createConfirmedViewers } from './confirmed-viewers.js'
import { isAcceptedByGateway, isUsable, mayComeIn } from './gateway-rules.js'
import { type AccessTokens, MAX_TOKEN_BYTES, REFUSED } from './jwt.js'
import type { LoginLimiter } from './login-limiter.js'
import { createManagementTokenLimiter } from './management-token-limiter.js'
import type { PasswordVerifier } from './passwords.js'
import { createRevocationCache } from './revocation-cache.js'
import { createStaticTokenMatcher } from './static-tokens.js'
import { holds, isAdministrator, lacking, type Viewer, viewerOfAdmin, viewerOfStaticToken } from './viewer.js'

/** The gateway's blacklist of tokens. Throws UnavailableError (CACHE_UNAVAILABLE) if the cache does not answer. */
export interface TokenBlacklist {
  isRevoked(tokenSha256Hex: string): Promise<boolean>
  /** @param seconds for which the token would be valid; 1 or more */
  revoke(tokenSha256Hex: string, seconds: number): Promise<void>
}

export interface AuthenticatorDeps {
  readonly staticTokens: readonly StaticToken[]
  /** Undefined if no JWT secret is set: then only static and management tokens are accepted. */
  readonly accessTokens?: AccessTokens | undefined
  readonly directory: Pick<AdminDirectory, 'holderOf' | 'findByName' | 'findManagementToken'>
  readonly blacklist: TokenBlacklist
  readonly limiter: LoginLimiter
  readonly passwords: PasswordVerifier
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** What a request says of who sends it. */
export interface Credentials {
  /** The `Authorization` header. */
  readonly authorization: string | null | undefined
  /** The header `x-client-device-id` or the parameter `client_device_id`, which the gateway's sessions are bound to. */
  readonly deviceId: string | null
  /** The client's address, which management tokens may be bound to. */
  readonly address: string
}

export interface Login {
  readonly token: string
  readonly expiresAt: Date
  readonly viewer: Viewer
}

export interface Authenticator {
  /**
   * Returns the viewer of a request; null if it has no `Authorization` header. While the database is away, that of a
   * session's token which it has confirmed within the last 15 minutes.
   * @throws UnauthenticatedError if the credentials are invalid
   * @throws ForbiddenError if they are valid and give no right to anything here
   * @throws UnavailableError if a token cannot be checked. A static token needs neither cache nor database.
   */
  authenticate(credentials: Credentials): Promise<Viewer | null>
  /**
   * Does the same for many open streams at once, each of which ends if the database stays away: tokens of one session share
   * the statement that reads it.
   */
  review(credentials: Credentials): Promise<Viewer | null>
  /**
   * Signs an admin in and creates an access token. For any other account or password it returns null, after the same work.
   * @param name an email or a username
   * @param address the client's address, by which failures are limited, and which is known from then on
   * @throws RateLimitedError, UnavailableError; ForbiddenError if no JWT secret is set
   */
  login(name: string, password: string, address: string): Promise<Login | null>
  /**
   * Returns the function that revokes an access token, at every instance and at a gateway that has a blacklist. It throws
   * UnavailableError if the cache does not answer; then the token is not revoked.
   * @throws ForbiddenError for another token: who configured it or made it ends it
   */
  signOut(authorization: string | null | undefined): Promise<() => Promise<void>>
}

const BEARER = /^bearer\s+(\S+)$/i
/** Tokens whose state is remembered for a cache outage, with about 200 bytes each. */
const REMEMBERED_TOKENS = 10_000
/** Management tokens begin with this: `ae_` of a Python gateway, `ae-` of a Rust one. */
const MANAGEMENT_TOKEN = /^ae[_-]/
/** The longest accepted email or username; the longest address of RFC 5321 is shorter. */
const MAX_NAME_LENGTH = 320

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Rejects texts that are no name before the query: PostgreSQL's error for a NUL would look like an outage. */
const canBeName = (name: string): boolean => name.length <= MAX_NAME_LENGTH && !name.includes('\0')

const tokenOf = (authorization: string | null | undefined): string | undefined => {
  const header = authorization?.trim() ?? ''
  if (header === '') return undefined
  const token = BEARER.exec(header)?.[1]
  if (token === undefined)
    throw new UnauthenticatedError('Send the token as "Authorization: Bearer <token>".')
  if (token.length > MAX_TOKEN_BYTES) throw new UnauthenticatedError(REFUSED)
  return token
}

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
  const managementTokens = createManagementTokenLimiter()
  const confirmed = createConfirmedViewers({ maxEntries: REMEMBERED_TOKENS, now })

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

  /** Reads of sessions and management tokens that are under way (single flight). */
  const sessionReads = new Map<string, Promise<TokenHolder>>()
  const tokenReads = new Map<string, Promise<ManagementToken | null>>()
  const together: Reads = {
    holderOf: (userId, sessionId) =>
      shared(sessionReads, JSON.stringify([userId, sessionId]), () => directory.holderOf(userId, sessionId)),
    findManagementToken: (hash) => shared(tokenReads, hash, () => directory.findManagementToken(hash)),
  }

  async function viewerOfAccessToken(
    token: string,
    deviceId: string | null,
    reads: Reads,
    readsOn: boolean,
  ): Promise<Viewer> {
    if (!accessTokens) throw new UnauthenticatedError(REFUSED)
    const claims = await accessTokens.verify(token)
    const { userId, sessionId, expiresAt, passwordMark } = claims
    const hash = sha256Hex(token)
    // Both stores are asked at once; the blacklist's answer comes first, also where both fail.
    const held = reads.holderOf(userId, passwordMark === null ? sessionId : null)
    held.catch(() => {})
    if (await isRevoked(hash, expiresAt)) throw new UnauthenticatedError(REFUSED)
    let holder: TokenHolder
    try {
      holder = await held
    } catch (error) {
      if (!readsOn) throw error
      return confirmed.standIn(hash, deviceId, error)
    }
    const { account } = holder
    confirmed.forget(hash, deviceId)
    const isAccepted =
      mayComeIn(account) &&
      (passwordMark === null
        ? isAcceptedByGateway(claims, holder, deviceId, now())
        : accessTokens.isMarkOf(passwordMark, account.passwordHash))
    if (!isAccepted) throw new UnauthenticatedError(REFUSED)
    if (!isAdministrator(account)) throw new ForbiddenError(NO_ADMINISTRATOR)
    revocations.rememberClean(hash, expiresAt)
    const viewer = viewerOfAdmin(account)
    confirmed.remember(hash, deviceId, viewer)
    return viewer
  }

  async function viewerOfManagementToken(token: string, address: string, reads: Reads): Promise<Viewer> {
    const hash = sha256Hex(token)
    const giveBack = await managementTokens.beforeLookUp(hash, address)
    const found = await reads.findManagementToken(hash).catch(async (error: unknown) => {
      // Otherwise who retries during an outage would be refused after it.
      if (error instanceof UnavailableError) await giveBack()
      throw error
    })
    if (!found || !isUsable(found, address, now()) || !mayComeIn(found.owner)) {
      throw new UnauthenticatedError(REFUSED)
    }
    managementTokens.remember(hash)
    if (!isAdministrator(found.owner)) throw new ForbiddenError(NO_ADMINISTRATOR)
    const viewer = viewerOfAdmin(found.owner, found.permissions)
    if (!holds(viewer, 'admin:monitoring:read')) throw new ForbiddenError(lacking('admin:monitoring:read'))
    return viewer
  }

  /** Finds the admin with this name and password. Each refusal costs exactly one comparison of passwords. */
  async function adminOf(name: string, password: string, isKnown: boolean): Promise<AdminAccount | null> {
    const account = canBeName(name) ? await directory.findByName(name.trim()) : null
    const matches = await passwords.verify(password, account?.passwordHash ?? undefined, isKnown)
    return matches && mayComeIn(account) ? account : null
  }

  async function viewerOf(
    { authorization, deviceId, address }: Credentials,
    reads: Reads,
    readsOn: boolean,
  ): Promise<Viewer | null> {
    const token = tokenOf(authorization)
    if (token === undefined) return null
    const staticToken = matchStaticToken(token)
    if (staticToken) return viewerOfStaticToken(staticToken)
    return MANAGEMENT_TOKEN.test(token)
      ? viewerOfManagementToken(token, address, reads)
      : viewerOfAccessToken(token, deviceId, reads, readsOn)
  }

  return {
    authenticate: (credentials) => viewerOf(credentials, directory, true),
    review: (credentials) => viewerOf(credentials, together, false),

    async login(name, password, address) {
      if (!accessTokens) throw new ForbiddenError('Login is off: no JWT secret is set. Use a static token.')
      const attempt = await limiter.reserve(address, name)
      const admin = await adminOf(name, password, attempt.isKnown).catch(async (error: unknown) => {
        // An outage, or a comparison that may not wait, says nothing about the password.
        await attempt.giveBack()
        throw error
      })
      if (!admin?.passwordHash || !isAdministrator(admin)) return null
      await attempt.giveBack()
      limiter.remember(address, name)
      const { token, expiresAt } = await accessTokens.sign({ id: admin.id, passwordHash: admin.passwordHash })
      revocations.rememberClean(sha256Hex(token), expiresAt)
      return { token, expiresAt, viewer: viewerOfAdmin(admin) }
    },

    async signOut(authorization) {
      const token = tokenOf(authorization)
      if (token === undefined) throw new UnauthenticatedError(REFUSED)
      if (matchStaticToken(token)) {
        throw new ForbiddenError(
          'A static token is ended by taking it out of ADMIN_TOKENS, not by a sign-out.',
        )
      }
      if (MANAGEMENT_TOKEN.test(token)) {
        throw new ForbiddenError(
          'A management token is ended at the gateway that made it, not by a sign-out.',
        )
      }
      if (!accessTokens) throw new UnauthenticatedError(REFUSED)
      const { expiresAt } = await accessTokens.verify(token)
      const hash = sha256Hex(token)
      return async () => {
        await blacklist.revoke(hash, Math.max(1, Math.ceil((expiresAt.getTime() - now()) / 1000)))
        revocations.rememberRevoked(hash, expiresAt)
      }
    },
  }
}

type Reads = Pick<AdminDirectory, 'holderOf' | 'findManagementToken'>

const NO_ADMINISTRATOR = 'This account is no administrator of the gateway.'

/** Returns the result of the read of this name that is under way, or begins one. */
function shared<T>(reads: Map<string, Promise<T>>, name: string, read: () => Promise<T>): Promise<T> {
  const answer = reads.get(name) ?? read().finally(() => reads.delete(name))
  reads.set(name, answer)
  return answer
}
