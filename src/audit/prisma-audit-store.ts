import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { Prisma, type PrismaClient } from '../generated/prisma/client.js'
import { mapDatabaseErrors } from '../postgres/database-errors.js'
import {
  type AuditAction,
  type AuditEventRow,
  type AuditIntent,
  type AuditOutcome,
  type AuditPage,
  type AuditPosition,
  type AuditStore,
  completed,
  OPERATIONS,
  type PendingIntent,
} from './audit-store.js'

/** Widths of the gateway's columns, in characters. */
const WIDTH = { ipAddress: 45, userAgent: 500, requestId: 100 } as const

const OURS = Prisma.sql`event_type IN ('request_success', 'request_failed') AND description LIKE '% via affinityql'`

const COLUMNS = Prisma.sql`id, event_type AS "eventType", user_id AS "userId", ip_address AS "ipAddress",
  request_id AS "requestId", event_metadata AS "eventMetadata", error_message AS "errorMessage",
  created_at AS "createdAt"`

const storedMetadata = z.looseObject({ action: z.string(), actor: z.string() })

interface StoredRow {
  readonly id: string
  readonly eventType: string
  readonly userId: string | null
  readonly ipAddress: string | null
  readonly requestId: string | null
  readonly eventMetadata: unknown
  readonly errorMessage: string | null
  readonly createdAt: Date
}

/** Audit events as rows that the gateway's own audit page can show. */
export function createPrismaAuditStore(
  prisma: PrismaClient,
  { now, instance }: { readonly now: () => number; readonly instance: string },
): AuditStore {
  return {
    begin: (intent) => mapDatabaseErrors(() => insert(prisma, intent, instance, new Date(now()))),
    complete: (event, outcome) => mapDatabaseErrors(() => update(prisma, event, outcome)),
    find: (id) =>
      mapDatabaseErrors(async () => {
        const [row] = await prisma.$queryRaw<StoredRow[]>`
          SELECT ${COLUMNS} FROM audit_logs WHERE id = ${id} AND ${OURS}`
        return row ? eventOf(row) : null
      }),
    page: (request) => mapDatabaseErrors(() => readPage(prisma, request)),
    pending: () =>
      mapDatabaseErrors(
        () => prisma.$queryRaw<PendingIntent[]>`
          SELECT id, event_metadata->>'instance' AS instance FROM audit_logs
          WHERE ${OURS} AND event_type = 'request_failed' AND event_metadata->>'outcome' = 'pending'
          ORDER BY created_at`,
      ),
  }
}

async function insert(
  prisma: PrismaClient,
  intent: AuditIntent,
  instance: string,
  createdAt: Date,
): Promise<AuditEventRow> {
  const metadata = {
    action: intent.action,
    actor: storable(intent.actorName),
    arguments: storable(intent.arguments),
    outcome: 'pending',
    // By it the others know whether this action may still run.
    instance,
  }
  const row = {
    id: randomUUID(),
    // Until the outcome is known: whatever happens to this process, the row never claims a success.
    eventType: 'request_failed',
    userId: intent.actorId,
    description: descriptionOf(intent.action),
    ipAddress: intent.ipAddress.slice(0, WIDTH.ipAddress),
    userAgent: intent.userAgent === null ? null : storable(intent.userAgent).slice(0, WIDTH.userAgent),
    requestId: intent.requestId.slice(0, WIDTH.requestId),
    errorMessage: 'The outcome is not known: the action began and did not report its end.',
    createdAt,
  }
  await prisma.auditLog.create({
    data: { ...row, eventMetadata: metadata as Prisma.InputJsonObject },
    select: { id: true },
  })
  return eventOf({ ...row, eventMetadata: metadata })
}

async function update(prisma: PrismaClient, event: AuditEventRow, outcome: AuditOutcome): Promise<void> {
  const { metadata } = completed(event, outcome)
  const data = {
    eventType: outcome.success ? 'request_success' : 'request_failed',
    statusCode: outcome.statusCode,
    errorMessage: outcome.errorMessage,
    eventMetadata: storable(metadata) as Prisma.InputJsonObject,
  }
  const { count } = await prisma.auditLog.updateMany({ where: { id: event.id }, data })
  if (count > 0) return
  // A failover to a replica that had not got the row yet takes it away: what was done must not go with it.
  const { id, actorId: userId, ipAddress, requestId, createdAt } = event
  const description = descriptionOf(event.action)
  await prisma.auditLog.create({
    data: { ...data, id, userId, ipAddress, requestId, createdAt, description },
    select: { id: true },
  })
}

const descriptionOf = (action: string): string =>
  `${OPERATIONS[action as AuditAction] ?? action} via affinityql`

async function readPage(
  prisma: PrismaClient,
  { first, after, action }: { first: number; after?: AuditPosition; action?: string },
): Promise<AuditPage> {
  const filter = action === undefined ? OURS : Prisma.sql`${OURS} AND event_metadata->>'action' = ${action}`
  const isAfter = after && Prisma.sql`(created_at, id) < (${after.createdAt}, ${after.id})`
  const [rows, [counts]] = await Promise.all([
    prisma.$queryRaw<StoredRow[]>`
      SELECT ${COLUMNS} FROM audit_logs WHERE ${filter} ${isAfter ? Prisma.sql`AND ${isAfter}` : Prisma.empty}
      ORDER BY created_at DESC, id DESC LIMIT ${first + 1}`,
    prisma.$queryRaw<{ total: bigint; before: bigint }[]>`
      SELECT count(*) AS total, count(*) FILTER (WHERE ${isAfter ? Prisma.sql`NOT ${isAfter}` : Prisma.sql`false`}) AS before
      FROM audit_logs WHERE ${filter}`,
  ])
  return {
    events: rows.slice(0, first).map(eventOf),
    totalCount: Number(counts?.total ?? 0),
    hasNextPage: rows.length > first,
    hasPreviousPage: Number(counts?.before ?? 0) > 0,
  }
}

function eventOf(row: StoredRow): AuditEventRow {
  const metadata = storedMetadata.safeParse(row.eventMetadata)
  return {
    id: row.id,
    action: metadata.success ? metadata.data.action : 'unknown',
    success: row.eventType === 'request_success',
    createdAt: row.createdAt,
    actorId: row.userId,
    actorName: metadata.success ? metadata.data.actor : 'unknown',
    ipAddress: row.ipAddress,
    requestId: row.requestId,
    errorMessage: row.errorMessage,
    metadata: row.eventMetadata,
  }
}

/**
 * PostgreSQL stores no NUL in text. Half a surrogate pair it would store, and then fail every statement that looks
 * into that row's JSON: anyone who may try to sign in could send one. A long value is cut, since it is there to be read.
 */
function storable<T>(value: T): T
function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, MAX_TEXT).replace(NOT_STORABLE, '\u{FFFD}')
  if (Array.isArray(value)) return value.map((item) => storable(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, storable(item)]))
}

const MAX_TEXT = 1_000
const NOT_STORABLE = /[\0\p{Surrogate}]/gu
