import type { Logger } from 'pino'
import type { AuditStore } from '../audit/audit-store.js'
import type { Config } from '../config/load-config.js'
import { messageOf } from '../errors.js'
import type { AdminDirectory } from '../gateway/gateway.js'
import { type Authenticator, createAuthenticator, type TokenBlacklist } from '../session/authenticator.js'
import { createAccessTokens } from '../session/jwt.js'
import { createLoginLimiter, type LoginLimiter } from '../session/login-limiter.js'
import { createPasswordVerifier } from '../session/passwords.js'
import { createViewerWatch, type ViewerWatch } from '../session/viewer-watch.js'
import { warnOfUnreadable } from './log-lines.js'

/** Time for which the addresses of sign-ins count as known after a start, in milliseconds: 30 days. */
const KNOWN_FOR_MS = 30 * 24 * 60 * 60 * 1_000
/** Lifetime of an administrator's session, in seconds. */
const SESSION_TTL_SECONDS = 12 * 60 * 60

export interface Session {
  readonly authenticator: Authenticator
  readonly viewerWatch: ViewerWatch
  /** Reads who has signed in from where, and warns of tables that cannot be read. Never rejects. */
  start(): Promise<void>
}

export interface SessionDeps {
  readonly config: Pick<Config, 'staticTokens'>
  readonly directory: AdminDirectory
  readonly blacklist: TokenBlacklist
  readonly signIns: Pick<AuditStore, 'signIns'>
  readonly jwtSecretKey: string
  readonly logger: Logger
  /** Unix milliseconds. */
  readonly now: () => number
}

/** Puts together what tells who asks: tokens, passwords and the limit of sign-ins. */
export function openSession({ config, directory, logger, now, ...deps }: SessionDeps): Session {
  const limiter = createLoginLimiter()
  const authenticator = createAuthenticator({
    staticTokens: config.staticTokens,
    accessTokens: createAccessTokens(deps.jwtSecretKey, { ttlSeconds: SESSION_TTL_SECONDS, now }),
    directory,
    blacklist: deps.blacklist,
    limiter,
    passwords: createPasswordVerifier({ sampleHash: () => directory.sampleHash() }),
    now,
  })
  return {
    authenticator,
    viewerWatch: createViewerWatch({ check: (credentials) => authenticator.review(credentials) }),
    async start() {
      await Promise.all([
        rememberSignIns(limiter, deps.signIns, now, logger),
        warnOfUnreadable(directory, logger),
      ])
    },
  }
}

/** Tells the limiter who has signed in from where, so that a restart does not let strangers lock anybody out. */
async function rememberSignIns(
  limiter: LoginLimiter,
  store: Pick<AuditStore, 'signIns'>,
  now: () => number,
  logger: Logger,
): Promise<void> {
  try {
    const signIns = await store.signIns(new Date(now() - KNOWN_FOR_MS))
    // The newest are first, and the last that are remembered are forgotten last.
    for (const { account, address } of signIns.toReversed()) limiter.remember(address, account)
  } catch (error) {
    logger.warn({ reason: messageOf(error) }, 'earlier sign-ins were not read: no address is known yet')
  }
}
