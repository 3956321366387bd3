import type { AuditColumns, AuditLog } from '../audit/audit-reader.js'
import type { Context } from '../context.js'
import { InvalidInputError } from '../errors.js'
import type { UserRow } from '../gateway/rows.js'
import { type MaybePromise, once } from '../util/promises.js'
import {
  decodePosition,
  encodePosition,
  type KeysetPage,
  type PageArguments,
  queryFingerprint,
  readFirst,
} from './paging.js'

export interface AuditEventsArguments extends PageArguments {
  readonly action?: string | null | undefined
}

/** Lists the audit events of this service, newest first, with the requested columns of each row. */
export function auditEvents(
  { first, after, action }: AuditEventsArguments,
  columns: AuditColumns,
  context: Context,
): KeysetPage<AuditLog> {
  const wanted = readFirst(first)
  if (action?.includes('\0')) {
    throw new InvalidInputError('action must not contain a NUL character.', 'action')
  }
  const fingerprint = queryFingerprint(['auditEvents', action ?? null])
  const position = after == null ? undefined : decodePosition(fingerprint, after, isAuditPosition)
  const request = {
    first: wanted,
    ...(position && { after: { createdAt: new Date(position[0]), id: position[1] } }),
    ...(action != null && { action }),
  }
  const reader = context.auditReader
  const page = reader.page(request, columns)
  const sizes = () => reader.sizes(action ?? undefined)
  const rowsPaid = once(async () => {
    if (!context.isCharged) return
    const { all, perEvent } = await sizes()
    // The document's price has the rows of the page already; more are read to find them among the gateway's.
    await context.pay(Math.min(all, Math.round((wanted + 1) * (perEvent - 1))))
  })
  return {
    items: () => rowsPaid().then(page.items),
    hasNextPage: () => rowsPaid().then(page.hasNextPage),
    hasPreviousPage: () => rowsPaid().then(page.hasPreviousPage),
    totalCount: () =>
      context.shared({
        question: `audit events ${action ?? ''}`,
        size: async () => (await sizes()).all,
        run: () => page.totalCount(),
      }),
    cursorOf: ({ createdAt, id }) => encodePosition(fingerprint, [createdAt.getTime(), id]),
  }
}

/** Returns one audit event of this service by its id; null if there is none. */
export const auditEvent = (
  id: string,
  columns: AuditColumns,
  { auditReader }: Context,
): Promise<AuditLog | null> => (isAuditId(id) ? auditReader.find(id, columns) : Promise.resolve(null))

/** Returns true if the text fits into the gateway's id column. */
const isAuditId = (id: unknown): id is string => typeof id === 'string' && /^[\w-]{1,36}$/.test(id)

/** Last millisecond of the year 9999, in Unix milliseconds. PostgreSQL and JavaScript write later times differently. */
const LAST_TIME = 253_402_300_799_999

const isAuditPosition = (parts: readonly unknown[]): parts is [createdAt: number, id: string] => {
  const [createdAt, id] = parts
  const isTime = Number.isInteger(createdAt) && Number(createdAt) >= 0 && Number(createdAt) <= LAST_TIME
  return parts.length === 2 && isTime && isAuditId(id)
}

/** Returns the user who acted; null for a static token, or if the account has been deleted. */
export const actorOf = (userId: string | null, { loaders }: Context): MaybePromise<UserRow | null> =>
  userId === null ? null : loaders.users.load(userId)
