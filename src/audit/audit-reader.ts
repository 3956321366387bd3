import { z } from 'zod'
import type { AuditLog, Prisma } from '../generated/prisma/client.js'
import type { ReadingPrisma } from '../postgres/database-errors.js'
import { once, remembered } from '../util/promises.js'
import { AUDIT_ACTIONS, OURS } from './audit-store.js'

export type { AuditLog }

/** The columns to read, which Pothos derives from the fields of the query; without `select`, all columns. */
export interface AuditColumns {
  readonly select?: Prisma.AuditLogSelect
}

export interface AuditPosition {
  readonly createdAt: Date
  readonly id: string
}

export interface AuditPageRequest {
  readonly first: number
  /** The position of the last event of the page before, which may have been deleted. */
  readonly after?: AuditPosition
  readonly action?: string
}

/** A page of audit events. Each part is read in one statement, when it is first used. */
export interface AuditPage {
  items(): Promise<readonly AuditLog[]>
  /** Needs no statement of its own: one row more than the page is read. */
  hasNextPage(): Promise<boolean>
  /** Needs no statement on the first page. */
  hasPreviousPage(): Promise<boolean>
  totalCount(): Promise<number>
}

/**
 * Reads the audit events that this service has written. Rows have the type of a whole row, as in Pothos, but contain only
 * the requested columns. Every read throws UnavailableError (DATABASE_UNAVAILABLE) when the database does not answer.
 */
export interface AuditReader {
  /** Estimates how many rows a page reads, and how many a count does, as PostgreSQL's planner does; up to a minute old. */
  sizes(action: string | undefined): Promise<AuditSizes>
  /** Returns one event; null if this service has not written it. */
  find(id: string, columns: AuditColumns): Promise<AuditLog | null>
  /** Reads a page, newest first. The columns must include `id` and `createdAt`, which cursors are made of. */
  page(request: AuditPageRequest, columns: AuditColumns): AuditPage
}

export interface AuditSizes {
  /** Rows of the table, which a count reads. */
  readonly all: number
  /** Rows that are read for each event that is found; at most all. */
  readonly perEvent: number
}

/** Milliseconds for which an estimate is used. */
const ESTIMATE_FOR_MS = 60_000

/** The planner knows of the table how many pages it has and how often a description occurs, and reads no row. */
const ESTIMATE = `EXPLAIN (FORMAT JSON)
  SELECT 1 FROM audit_logs
  UNION ALL
  SELECT 1 FROM audit_logs
  WHERE event_type IN ('request_success', 'request_failed') AND description LIKE '% via affinityql'`

const estimatedPlan = z.tuple([
  z.looseObject({
    'QUERY PLAN': z.tuple([
      z.looseObject({
        Plan: z.looseObject({
          Plans: z.tuple([
            z.looseObject({ 'Plan Rows': z.number() }),
            z.looseObject({ 'Plan Rows': z.number() }),
          ]),
        }),
      }),
    ]),
  }),
])

export const createAuditReader = (prisma: ReadingPrisma): AuditReader => {
  const { auditLog } = prisma
  const estimate = remembered(async () => {
    const [
      {
        'QUERY PLAN': [{ Plan }],
      },
    ] = estimatedPlan.parse(await prisma.$queryRawUnsafe(ESTIMATE))
    const [all, ours] = Plan.Plans.map((plan) => Math.max(1, plan['Plan Rows']))
    return { all: all ?? 1, ours: ours ?? 1 }
  }, ESTIMATE_FOR_MS)

  return {
    async sizes(action) {
      const { all, ours } = await estimate()
      // The planner does not know how often an action occurs: each of ours as often as the others, and any other never.
      const isKnown = AUDIT_ACTIONS.some((known) => known === action)
      const found = action === undefined ? ours : isKnown ? ours / AUDIT_ACTIONS.length : 0
      return { all, perEvent: Math.min(all, found > 0 ? all / found : all) }
    },
    find: (id, columns) => auditLog.findFirst({ ...columns, where: { id, ...OURS } }),
    page({ first, after, action }, columns) {
      const selection = {
        ...OURS,
        ...(action !== undefined && { eventMetadata: { path: ['action'], equals: action } }),
      }
      const rows = once<AuditLog[]>(() =>
        auditLog.findMany({
          ...columns,
          where: { ...selection, ...(after && placedAfter(after)) },
          orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
          take: first + 1,
        }),
      )
      return {
        items: async () => (await rows()).slice(0, first),
        hasNextPage: async () => (await rows()).length > first,
        hasPreviousPage: async () =>
          after !== undefined &&
          (await auditLog.findFirst({
            where: { ...selection, ...placedBefore(after) },
            orderBy: { createdAt: 'asc' },
            select: { id: true },
          })) !== null,
        totalCount: () => auditLog.count({ where: selection }),
      }
    },
  }
}

/** The condition for events after a position, newest first. Its first part lets PostgreSQL use the index on the time. */
const placedAfter = ({ createdAt, id }: AuditPosition) => ({
  createdAt: { lte: createdAt },
  OR: [{ createdAt: { lt: createdAt } }, { id: { lt: id } }],
})

/** The condition for all other events. It begins at the position, and the index finds the nearest of them first. */
const placedBefore = ({ createdAt, id }: AuditPosition) => ({
  createdAt: { gte: createdAt },
  OR: [{ createdAt: { gt: createdAt } }, { id: { gte: id } }],
})
