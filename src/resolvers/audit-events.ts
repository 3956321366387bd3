import type { AuditSelection } from '../audit/audit-conditions.js'
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
  readonly filter?: AuditFilter | null | undefined
}

/** What a client asks for: each field of a selection, or null. */
export type AuditFilter = {
  readonly [Field in keyof AuditSelection]?: AuditSelection[Field] | null | undefined
}

/** Most actions that one filter may name. */
const MAX_ACTIONS = 100

/** Lists the audit events of this service, newest first, with the requested columns of each row. */
export function auditEvents(
  { first, after, action, filter }: AuditEventsArguments,
  columns: AuditColumns,
  context: Context,
): KeysetPage<AuditLog> {
  const wanted = readFirst(first)
  const selection = auditSelection(action, filter)
  const fingerprint = queryFingerprint(['auditEvents', selection])
  const position = after == null ? undefined : decodePosition(fingerprint, after, isAuditPosition)
  const request = {
    first: wanted,
    ...(position && { after: { createdAt: new Date(position[0]), id: position[1] } }),
    selection,
  }
  const reader = context.auditReader
  const page = reader.page(request, columns)
  const sizes = () => reader.sizes(selection)
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
        question: `audit events ${fingerprint}`,
        size: async () => (await sizes()).all,
        run: () => page.totalCount(),
      }),
    cursorOf: ({ createdAt, id }) => encodePosition(fingerprint, [createdAt.getTime(), id]),
  }
}

/** @throws InvalidInputError for what no event can have */
function auditSelection(
  action: string | null | undefined,
  filter: AuditFilter | null | undefined,
): AuditSelection {
  const { actions, ...others } = Object.fromEntries(
    Object.entries(filter ?? {}).filter(([, value]) => value != null),
  ) as AuditSelection
  if (actions && (actions.length === 0 || actions.length > MAX_ACTIONS)) {
    throw new InvalidInputError(`filter.actions must name 1 to ${MAX_ACTIONS} actions.`, 'filter.actions')
  }
  const { since, until } = others
  if (since && until && since >= until) {
    throw new InvalidInputError('filter.since must be before filter.until.', 'filter.since')
  }
  refuseNul('action', action)
  for (const name of actions ?? []) refuseNul('filter.actions', name)
  refuseNul('filter.actor', others.actor)
  refuseNul('filter.targetId', others.targetId)
  if (action == null) return { ...others, ...(actions && { actions: [...new Set(actions)].sort() }) }
  return { ...others, actions: [action].filter((name) => actions?.includes(name) ?? true) }
}

/** PostgreSQL refuses this character in a text. */
function refuseNul(field: string, text: string | null | undefined): void {
  if (text?.includes('\0')) throw new InvalidInputError(`${field} must not contain a NUL character.`, field)
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
