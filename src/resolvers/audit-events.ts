import type { AuditEventRow } from '../audit/audit-store.js'
import type { Context } from '../context.js'
import { InvalidInputError } from '../errors.js'
import type { UserRow } from '../gateway/rows.js'
import { decodePosition, encodePosition, queryFingerprint } from './cursors.js'
import type { KeysetPage } from './keyset-list.js'
import { readFirst } from './page-arguments.js'

export interface AuditEventsArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
  readonly action?: string | null | undefined
}

/** What was tried through this service, newest first. */
export async function auditEvents(
  { first, after, action }: AuditEventsArguments,
  context: Context,
): Promise<KeysetPage<AuditEventRow>> {
  const wanted = readFirst(first)
  if (action?.includes('\0')) {
    throw new InvalidInputError('action must not contain a NUL character.', 'action')
  }
  const fingerprint = queryFingerprint(['auditEvents', action ?? null])
  const position = after == null ? undefined : decodePosition(fingerprint, after, isAuditPosition)
  const { events, ...page } = await context.auditStore.page({
    first: wanted,
    ...(position && { after: { createdAt: new Date(position[0]), id: position[1] } }),
    ...(action != null && { action }),
  })
  return {
    ...page,
    items: events,
    cursorOf: ({ createdAt, id }) => encodePosition(fingerprint, [createdAt.getTime(), id]),
  }
}

/** One of them by its id; null where there is none. */
export const auditEvent = (id: string, { auditStore }: Context): Promise<AuditEventRow | null> =>
  isAuditId(id) ? auditStore.find(id) : Promise.resolve(null)

/** As wide as the gateway's column. */
const isAuditId = (id: unknown): id is string => typeof id === 'string' && /^[\w-]{1,36}$/.test(id)

/** The last millisecond of the year 9999: what PostgreSQL and JavaScript write alike ends there. */
const LAST_TIME = 253_402_300_799_999

const isAuditPosition = (parts: readonly unknown[]): parts is [createdAt: number, id: string] => {
  const [createdAt, id] = parts
  const isTime = Number.isInteger(createdAt) && Number(createdAt) >= 0 && Number(createdAt) <= LAST_TIME
  return parts.length === 2 && isTime && isAuditId(id)
}

export const actorOf = (
  event: AuditEventRow,
  { loaders }: Context,
): UserRow | null | Promise<UserRow | null> =>
  event.actorId === null ? null : loaders.users.load(event.actorId)
