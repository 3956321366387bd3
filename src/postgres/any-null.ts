import { Prisma } from '../generated/prisma/client.js'

/** Stands in a condition on JSON for nothing at all, and for a null. */
export const ANY_NULL = Prisma.AnyNull
