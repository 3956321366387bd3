import { randomUUID } from 'node:crypto'
import type { Prisma, PrismaClient } from '../generated/prisma/client.js'
import { ANY_NULL } from '../postgres/any-null.js'
import { mapDatabaseErrors } from '../postgres/database-errors.js'
import { signOf } from './audit-facts.js'
import {
  type AuditEventRow,
  type AuditIntent,
  type AuditOutcome,
  type AuditStore,
  completed,
  descriptionOf,
  eventTypeOf,
  OURS,
  targetIdOf,
} from './audit-store.js'

/** The widths of the gateway's columns, in characters; the error message's is ours. */
const WIDTH = { ipAddress: 45, userAgent: 500, requestId: 100, errorMessage: 1_000 } as const

const MAX_SIGN_INS = 1_000

const PENDING = { path: ['outcome'], equals: 'pending' }

/** Writes audit events as rows that the gateway's own audit page can show. */
export function createPrismaAuditStore(
  prisma: PrismaClient,
  { now, instance }: { readonly now: () => number; readonly instance: string },
): AuditStore {
  return {
    begin: (intent) => mapDatabaseErrors(() => insert(prisma, intent, instance, new Date(now()))),
    complete: (event, outcome) => mapDatabaseErrors(() => update(prisma, event, outcome)),
    beat: (event) => mapDatabaseErrors(() => beat(prisma, event, now())),
    pending: (ids) =>
      mapDatabaseErrors(async () => {
        const rows = await prisma.auditLog.findMany({
          where: {
            ...OURS,
            ...(ids && { id: { in: [...ids] } }),
            eventType: eventTypeOf(false),
            eventMetadata: PENDING,
          },
          orderBy: { createdAt: 'asc' },
          select: { id: true, createdAt: true, eventMetadata: true },
        })
        return rows.map((row) => {
          const { instance, beat } = signOf(row)
          return { id: row.id, instance, beat }
        })
      }),
    signIns: (since) =>
      mapDatabaseErrors(async () => {
        const rows = await prisma.auditLog.findMany({
          where: {
            eventType: eventTypeOf(true),
            description: descriptionOf('admin_login'),
            createdAt: { gte: since },
          },
          orderBy: { createdAt: 'desc' },
          take: MAX_SIGN_INS,
          select: { ipAddress: true, eventMetadata: true },
        })
        return rows.flatMap(({ ipAddress: address, eventMetadata }) => {
          const account = targetIdOf({ eventMetadata })
          return address === null || account === null ? [] : [{ account, address }]
        })
      }),
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
    // Lets other instances decide whether this action may still run.
    instance,
  }
  const row = {
    id: randomUUID(),
    // A failure until the outcome is known: if this process crashes, the row does not claim a success.
    eventType: eventTypeOf(false),
    userId: intent.actorId,
    description: descriptionOf(intent.action),
    ipAddress: intent.ipAddress.slice(0, WIDTH.ipAddress),
    userAgent: intent.userAgent === null ? null : cleaned(intent.userAgent, WIDTH.userAgent),
    requestId: intent.requestId.slice(0, WIDTH.requestId),
    // The outcome's column as well: without it nothing may begin.
    statusCode: null,
    errorMessage: 'The outcome is not known: the action began and did not report its end.',
    createdAt,
  }
  await prisma.auditLog.create({
    data: { ...row, eventMetadata: metadata as Prisma.InputJsonObject },
    select: { id: true },
  })
  return {
    id: row.id,
    action: metadata.action,
    success: false,
    createdAt,
    actorId: row.userId,
    actorName: metadata.actor,
    ipAddress: row.ipAddress,
    requestId: row.requestId,
    errorMessage: row.errorMessage,
    metadata,
  }
}

async function beat(prisma: PrismaClient, { id, metadata }: AuditEventRow, at: number): Promise<void> {
  const begun = typeof metadata === 'object' ? metadata : {}
  await prisma.auditLog.updateMany({
    // One statement: it does nothing to a row that has its outcome by now.
    where: { id, eventMetadata: PENDING },
    data: { eventMetadata: storable({ ...begun, beat: at }) as Prisma.InputJsonObject },
  })
}

async function update(prisma: PrismaClient, event: AuditEventRow, outcome: AuditOutcome): Promise<void> {
  const { metadata } = completed(event, outcome)
  const data = {
    eventType: eventTypeOf(outcome.success),
    statusCode: outcome.statusCode,
    errorMessage: outcome.errorMessage === null ? null : cleaned(outcome.errorMessage, WIDTH.errorMessage),
    eventMetadata: storable(metadata) as Prisma.InputJsonObject,
  }
  const path = ['revision']
  const { count } = await prisma.auditLog.updateMany({
    where: {
      id: event.id,
      OR: [
        { eventMetadata: { path, equals: ANY_NULL } },
        { eventMetadata: { path, lte: outcome.revision ?? 1 } },
      ],
    },
    data,
  })
  if (count > 0) return
  if (await prisma.auditLog.findUnique({ where: { id: event.id }, select: { id: true } })) return
  // The row can be lost in a failover to a replica that did not have it yet. The outcome must not be lost with it.
  const { id, actorId: userId, ipAddress, requestId, createdAt } = event
  const description = descriptionOf(event.action)
  await prisma.auditLog.create({
    data: { ...data, id, userId, ipAddress, requestId, createdAt, description },
    select: { id: true },
  })
}

/**
 * Replaces characters that PostgreSQL or a reader cannot handle, and cuts long texts and lists. PostgreSQL refuses a NUL. It
 * stores a lone surrogate, but then every statement that reads that row's JSON fails, and anyone who tries to sign in could
 * send one. In JSON a control character takes six bytes. So one text takes at most 768 bytes.
 */
function storable<T>(value: T): T
function storable(value: unknown): unknown {
  if (typeof value === 'string') return cleaned(value, MAX_TEXT)
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => storable(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, storable(item)]))
}

const cleaned = (text: string, maxLength: number): string =>
  text.slice(0, maxLength).replace(NOT_STORABLE, '\u{FFFD}')

/** In UTF-16 units. */
const MAX_TEXT = 256
const MAX_ITEMS = 20
const NOT_STORABLE = /(?![\t\n\r])[\p{Cc}\p{Surrogate}]/gu
