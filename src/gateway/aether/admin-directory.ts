import type { Database } from '../../postgres/database.js'
import type { AdminAccount, AdminDirectory } from '../admin-directory.js'
import { createTableReader } from '../table-reader.js'
import { ACCOUNTS } from './tables.js'

/** The accounts that may sign in, read from the gateway's users each time: a demotion counts at once. */
export function createAdminDirectory({ query }: Pick<Database, 'query'>): AdminDirectory {
  const byId = createTableReader<AdminAccount>(query, ACCOUNTS)
  const byEmail = createTableReader<AdminAccount>(query, ACCOUNTS, 'email = ANY($1)')
  const ofRole = createTableReader<AdminAccount>(query, ACCOUNTS, 'role::text = ANY($1) LIMIT 1')
  return {
    findById: async (id) => (await byId([id]))[0] ?? null,
    findByEmail: async (email) => (await byEmail([email]))[0] ?? null,
    sampleHash: async () => (await ofRole(['admin']))[0]?.passwordHash,
  }
}
