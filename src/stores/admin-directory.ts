import type { PrismaClient } from '../generated/prisma/client.js'
import type { AdminDirectory } from '../security/authenticator.js'
import { guardDatabase } from './guard-database.js'

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
    findById: (id) => guardDatabase(() => prisma.user.findUnique({ where: { id }, select: ACCOUNT_COLUMNS })),
    findByEmail: (email) =>
      guardDatabase(() => prisma.user.findUnique({ where: { email }, select: ACCOUNT_COLUMNS })),
    sampleHash: () =>
      guardDatabase(async () => {
        const admin = await prisma.user.findFirst({
          where: { role: 'admin' },
          select: { passwordHash: true },
        })
        return admin?.passwordHash
      }),
  }
}
