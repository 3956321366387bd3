import type { Database } from '../../postgres/database.js'
import type { AdminDirectory } from '../../session/authenticator.js'
import { ACCOUNTS, type AccountRow } from '../rows.js'
import { createTableReader } from '../table-reader.js'

/** The accounts that may sign in, read from the gateway's users each time: a demotion counts at once. */
export function createAdminDirectory({ query }: Pick<Database, 'query'>): AdminDirectory {
  const byId = createTableReader<AccountRow>(query, ACCOUNTS)
  const byEmail = createTableReader<AccountRow>(query, ACCOUNTS, 'email = ANY($1)')
  const ofRole = createTableReader<AccountRow>(query, ACCOUNTS, 'role::text = ANY($1) LIMIT 1')
  return {
    findById: async (id) => (await byId([id]))[0] ?? null,
    findByEmail: async (email) => (await byEmail([email]))[0] ?? null,
    sampleHash: async () => (await ofRole(['admin']))[0]?.passwordHash,
  }
}
