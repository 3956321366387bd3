import type { AuditLog, Prisma } from '../generated/prisma/client.js'
import type { ReadingPrisma } from '../postgres/reading-prisma.js'
import { OURS } from './audit-rows.js'

export type { AuditLog }

/** The columns to read, as Pothos makes them of the fields that a query asks for; all of them without `select`. */
export interface AuditColumns {
  readonly select?: Prisma.AuditLogSelect
}

export interface AuditPosition {
  readonly createdAt: Date
  readonly id: string
}

export interface AuditPageRequest {
  readonly first: number
  /** The last event of the page before; it may be gone by now. */
  readonly after?: AuditPosition
  readonly action?: string
}

/** A page of audit events. Each part is read when it is first asked for, in one statement. */
export interface AuditPage {
  items(): Promise<readonly AuditLog[]>
  /** Known from the rows, without a statement of its own. */
  hasNextPage(): Promise<boolean>
  /** Known without a statement where the page is the first. */
  hasPreviousPage(): Promise<boolean>
  totalCount(): Promise<number>
}

/**
 * Reads the audit events that this service has written. Rows are typed whole, as Pothos has them, and hold the columns that
 * were asked for. Every read throws UnavailableError (DATABASE_UNAVAILABLE) when the database does not answer.
 */
export interface AuditReader {
  /** Null where this service has written no such event. */
  find(id: string, columns: AuditColumns): Promise<AuditLog | null>
  /** Newest first; the columns must have `id` and `createdAt`, by which the events are in order. */
  page(request: AuditPageRequest, columns: AuditColumns): AuditPage
}

export const createAuditReader = ({ auditLog }: ReadingPrisma): AuditReader => ({
  find: (id, columns) => auditLog.findFirst({ ...columns, where: { id, ...OURS } }),
  page({ first, after, action }, columns) {
    const selection = {
      ...OURS,
      ...(action !== undefined && { eventMetadata: { path: ['action'], equals: action } }),
    }
    let reading: Promise<AuditLog[]> | undefined
    const rows = () => {
      // One row more than asked for tells whether there are more.
      reading ??= auditLog.findMany({
        ...columns,
        where: { ...selection, ...(after && placedAfter(after)) },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: first + 1,
      })
      return reading
    }
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

/** What follows a position, newest first. The first condition lets the index on the time bound the read. */
const placedAfter = ({ createdAt, id }: AuditPosition) => ({
  createdAt: { lte: createdAt },
  OR: [{ createdAt: { lt: createdAt } }, { id: { lt: id } }],
})
