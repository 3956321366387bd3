import type { PrismaClient } from '../generated/prisma/client.js'
import { mapDatabaseErrors } from './database-errors.js'

/**
 * The client that GraphQL fields read with, by Pothos's Prisma plugin or by a resolver of theirs: a failure to reach the
 * database comes out as UnavailableError (DATABASE_UNAVAILABLE), whoever sent the statement.
 */
export type ReadingPrisma = ReturnType<typeof createReadingPrisma>

export const createReadingPrisma = (prisma: PrismaClient) =>
  prisma.$extends({
    query: { $allOperations: ({ args, query }) => mapDatabaseErrors(() => query(args)) },
  })
