import { z } from 'zod'
import type { AuditLog, Prisma } from '../generated/prisma/client.js'
import type { ReadingPrisma } from '../postgres/database-errors.js'
import { once, remembered } from '../util/promises.js'
import { type AuditSelection, auditCondition } from './audit-conditions.js'
import { type EventOutcome, LONGEST_MS, outcomeOf, SILENT_MS, type Sign, signOf } from './audit-facts.js'
import { AUDIT_ACTIONS, eventTypeOf, OURS } from './audit-store.js'

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
  /** Without it, all events of this service. */
  readonly selection?: AuditSelection
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
  sizes(selection: AuditSelection): Promise<AuditSizes>
  /** Returns one event; null if this service has not written it. */
  find(id: string, columns: AuditColumns): Promise<AuditLog | null>
  /** Reads a page, newest first. The columns must include `id` and `createdAt`, which cursors are made of. */
  page(request: AuditPageRequest, columns: AuditColumns): AuditPage
  /** Returns how an action ended, as far as this instance can know it. */
  outcomeOf(event: Pick<AuditLog, 'eventType' | 'eventMetadata' | 'createdAt'>): EventOutcome
}

export interface AuditReaderDeps {
  /** Unix milliseconds. */
  readonly now: () => number
  /** Returns true if the instance with this tag has certainly ended. */
  readonly hasEnded: (instance: string) => boolean
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

export const createAuditReader = (prisma: ReadingPrisma, { now, hasEnded }: AuditReaderDeps): AuditReader => {
  const { auditLog } = prisma
  const isRunning = ({ instance, createdAt, beat }: Sign) =>
    createdAt.getTime() > now() - LONGEST_MS &&
    Math.max(createdAt.getTime(), beat ?? 0) > now() - SILENT_MS &&
    !(instance !== null && hasEnded(instance))

  /** Which intents' actions may still run: the database cannot tell whether an instance has ended. */
  async function running(): Promise<string[]> {
    const pending = await auditLog.findMany({
      where: {
        ...OURS,
        createdAt: { gt: new Date(now() - LONGEST_MS) },
        eventType: eventTypeOf(false),
        eventMetadata: { path: ['outcome'], equals: 'pending' },
      },
      select: { id: true, createdAt: true, eventMetadata: true },
    })
    return pending.filter((event) => isRunning(signOf(event))).map(({ id }) => id)
  }

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
    async sizes({ actions, ...others }) {
      const { all, ours } = await estimate()
      // The planner does not know how often a value occurs: each of our actions as often as the others, any other value never.
      const known = AUDIT_ACTIONS.filter((action) => actions?.includes(action) ?? true).length
      const found = Object.keys(others).length > 0 ? 0 : (ours * known) / AUDIT_ACTIONS.length
      return { all, perEvent: Math.min(all, found > 0 ? all / found : all) }
    },
    outcomeOf: (event) => outcomeOf(event, isRunning),
    find: (id, columns) => auditLog.findFirst({ ...columns, where: { id, ...OURS } }),
    page({ first, after, selection = {} }, columns) {
      const { outcome } = selection
      const condition = once(async () =>
        auditCondition(selection, outcome === 'RUNNING' || outcome === 'UNKNOWN' ? await running() : []),
      )
      const rows = once<Promise<AuditLog[]>>(async () =>
        auditLog.findMany({
          ...columns,
          where: { AND: [await condition(), ...(after ? [placedAfter(after)] : [])] },
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
            where: { AND: [await condition(), placedBefore(after)] },
            orderBy: { createdAt: 'asc' },
            select: { id: true },
          })) !== null,
        totalCount: async () => auditLog.count({ where: await condition() }),
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
