import type { Context } from '../context.js'
import { InvalidInputError } from '../errors.js'
import type { Selected } from '../loaders/affinity-joins.js'
import { digestOf, type PoolSession, SHOWN_DIGITS } from '../pool-sessions/pool-session.js'
import {
  type KeysetOrder,
  type KeysetPage,
  keysetPage,
  type PageArguments,
  readKeysetRequest,
} from './paging.js'
import { type ClearPayload, withAudit } from './with-audit.js'

export interface PoolSessionFilter {
  readonly ids?: readonly string[] | null | undefined
  readonly providerId?: string | null | undefined
  readonly providerKeyId?: string | null | undefined
  readonly sessionDigest?: string | null | undefined
  /** The raw token. It is hashed at once, and kept nowhere. */
  readonly session?: string | null | undefined
}

/** A filter without a token: what is kept in cursors and audit events. */
interface DigestFilter {
  readonly ids?: readonly string[]
  readonly providerId?: string
  readonly providerKeyId?: string
  readonly sessionDigest?: string
  /** The whole digest of a token. */
  readonly session?: string
}

/** The most ids that a filter may name. */
const MAX_IDS = 1_000
const DIGEST = /^(?:[0-9a-f]{16}|[0-9a-f]{64})$/i

/** By provider, then by digest: neither an id nor a cursor holds the token. */
const BY_DIGEST: KeysetOrder<PoolSession> = {
  length: 2,
  keyOf: ({ providerId, digest }) => [providerId, digest],
}

/** Returns a session's id, which is opaque and stays the same while the session exists. */
export const poolSessionId = ({ providerId, digest }: PoolSession): string =>
  Buffer.from(`${providerId}:${digest}`).toString('base64url')

/** Returns what is shown of a session's digest. */
export const sessionDigest = ({ digest }: PoolSession): string => digest.slice(0, SHOWN_DIGITS)

export const poolSessionExpiry = ({ ttlSeconds }: PoolSession, { now }: Context): Date | null =>
  ttlSeconds === null ? null : new Date((now() + ttlSeconds) * 1_000)

/** Lists the sessions of pools, by provider and digest. */
export async function poolSessions(
  args: PageArguments & { readonly filter?: PoolSessionFilter | null | undefined },
  context: Context,
  selected: Selected,
): Promise<KeysetPage<PoolSession>> {
  const filter = readFilter(args.filter ?? {})
  const request = readKeysetRequest(args, ['poolSessions', Object.entries(filter).sort()], BY_DIGEST)
  const page = keysetPage((await context.poolSessions()).filter(selecting(filter)), BY_DIGEST, request)
  const shown = await page.items()
  await Promise.all([
    'provider' in selected && context.loaders.providers.prime(shown.map(({ providerId }) => providerId)),
    'providerKey' in selected &&
      context.loaders.providerKeys.prime(shown.map(({ providerKeyId }) => providerKeyId)),
  ])
  return page
}

/** Clears every session of a pool that a filter selects. Gateways look sessions up in Redis, so it acts at the next request. */
export const clearPoolSessions = (
  { filter: given, dryRun }: { readonly filter: PoolSessionFilter; readonly dryRun: boolean },
  context: Context,
): Promise<ClearPayload> => {
  // Before the audit event: a token must not stand in it.
  const filter = digestFilter(given)
  return withAudit(context, { action: 'pool_sessions_clear', dryRun, arguments: { filter } }, async () => {
    readFilter(given)
    if (Object.keys(filter).length === 0) throw new InvalidInputError('The filter is empty.', 'filter')
    const sessions = (await context.poolSessions()).filter(selecting(filter))
    const clearedCount = dryRun ? sessions.length : await context.poolSessionStore.remove(sessions)
    return { clearedCount, what: 'poolSession', which: 'matching the filter', extra: {} }
  })
}

/** Drops the fields that are null, and replaces the token by its digest, also where it stands in the place of a digest. */
function digestFilter(filter: PoolSessionFilter): DigestFilter {
  const { session, ...rest } = filter
  if (rest.sessionDigest != null && !DIGEST.test(rest.sessionDigest)) {
    return digestFilter({ ...filter, sessionDigest: digestOf(rest.sessionDigest) })
  }
  const present = Object.fromEntries(Object.entries(rest).filter(([, value]) => value != null))
  return session == null ? present : { ...present, session: digestOf(session) }
}

/** @throws InvalidInputError which does not quote the token */
function readFilter(filter: PoolSessionFilter): DigestFilter {
  for (const [name, value] of Object.entries(filter)) {
    const field = `filter.${name}`
    if (typeof value === 'string' && value.trim() === '') {
      throw new InvalidInputError(`${field} must not be blank.`, field)
    }
    if (Array.isArray(value) && (value.length === 0 || value.length > MAX_IDS)) {
      throw new InvalidInputError(`${field} must have 1 to ${MAX_IDS} values.`, field)
    }
  }
  if (filter.sessionDigest != null && !DIGEST.test(filter.sessionDigest)) {
    const message = 'filter.sessionDigest must be 16 or 64 hexadecimal digits of a SHA-256.'
    throw new InvalidInputError(message, 'filter.sessionDigest')
  }
  return digestFilter(filter)
}

/** Checks whether a filter selects a session. Every field that is given must hold. */
function selecting(filter: DigestFilter): (session: PoolSession) => boolean {
  const { providerId, providerKeyId, session: token } = filter
  const ids = filter.ids && new Set(filter.ids)
  const start = filter.sessionDigest?.toLowerCase()
  return (session) =>
    (providerId === undefined || session.providerId === providerId) &&
    (providerKeyId === undefined || session.providerKeyId === providerKeyId) &&
    (token === undefined || session.digest === token) &&
    (start === undefined || session.digest.startsWith(start)) &&
    (ids === undefined || ids.has(poolSessionId(session)))
}
