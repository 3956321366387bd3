import type { PrismaClient } from '../generated/prisma/client.js'
import { mapDatabaseErrors } from '../postgres/database-errors.js'
import type { AdminDirectory } from '../session/authenticator.js'

const ACCOUNT_COLUMNS = {
  id: true,
  username: true,
  email: true,
  passwordHash: true,
  role: true,
  isActive: true,
  isDeleted: true,
} as const

/** The accounts that may sign in, read from the gateway's users each time: a demotion counts at once. */
export function createAdminDirectory(prisma: PrismaClient): AdminDirectory {
  return {
    findById: (id) =>
      mapDatabaseErrors(() => prisma.user.findUnique({ where: { id }, select: ACCOUNT_COLUMNS })),
    findByEmail: (email) =>
      mapDatabaseErrors(() => prisma.user.findUnique({ where: { email }, select: ACCOUNT_COLUMNS })),
    sampleHash: () =>
      mapDatabaseErrors(async () => {
        const admin = await prisma.user.findFirst({
          where: { role: 'admin' },
          select: { passwordHash: true },
        })
        return admin?.passwordHash
      }),
  }
}
