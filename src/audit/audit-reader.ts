import type { AuditLog, Prisma } from '../generated/prisma/client.js'
import type { ReadingPrisma } from '../postgres/database-errors.js'
import { once } from '../util/promises.js'
import { OURS } from './audit-store.js'

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
  /** Returns one event; null if this service has not written it. */
  find(id: string, columns: AuditColumns): Promise<AuditLog | null>
  /** Reads a page, newest first. The columns must include `id` and `createdAt`, which cursors are made of. */
  page(request: AuditPageRequest, columns: AuditColumns): AuditPage
}

export const createAuditReader = ({ auditLog }: ReadingPrisma): AuditReader => ({
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
          where: { ...selection, NOT: placedAfter(after) },
          select: { id: true },
        })) !== null,
      totalCount: () => auditLog.count({ where: selection }),
    }
  },
})

/** The condition for events after a position, newest first. Its first part lets PostgreSQL use the index on the time. */
const placedAfter = ({ createdAt, id }: AuditPosition) => ({
  createdAt: { lte: createdAt },
  OR: [{ createdAt: { lt: createdAt } }, { id: { lt: id } }],
})
