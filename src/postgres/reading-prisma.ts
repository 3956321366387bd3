import type { PrismaClient } from '../generated/prisma/client.js'
import { mapDatabaseErrors } from './database-errors.js'

/**
 * The Prisma client for reads of GraphQL fields, by Pothos's Prisma plugin or by a resolver. It throws UnavailableError
 * (DATABASE_UNAVAILABLE) if the database cannot be reached, see toDomainError.
 */
export type ReadingPrisma = ReturnType<typeof createReadingPrisma>

export const createReadingPrisma = (prisma: PrismaClient) =>
  prisma.$extends({
    query: { $allOperations: ({ args, query }) => mapDatabaseErrors(() => query(args)) },
  })
