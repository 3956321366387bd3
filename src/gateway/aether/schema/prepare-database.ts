import type { SqlQueryable } from '@prisma/driver-adapter-utils'
import { ConfigurationError } from '../../../errors.js'
import type { Database } from '../../../postgres/database.js'
import { toDomainError } from '../../../postgres/database-errors.js'
import { differences } from './differences.js'
import { expectedTables } from './expected-tables.js'
import { appliedMigrations, readTables } from './inspect.js'
import { MIGRATIONS_TABLE, migrationNames } from './migrations.js'

type State =
  | { readonly kind: 'complete' }
  | { readonly kind: 'to-migrate' }
  | { readonly kind: 'unusable'; readonly problems: readonly string[] }

async function stateOf(database: Database, queryable: SqlQueryable): Promise<State> {
  const tables = await readTables(queryable, database.schemaName)
  if (tables.size === 0) return { kind: 'to-migrate' }
  if (tables.has(MIGRATIONS_TABLE)) {
    const applied = await appliedMigrations(queryable, database.schemaName)
    const names = migrationNames()
    // Ours only if our first migration made it: another Prisma application has a table of this name, too.
    const isOurs = names.length > 0 && applied.has(names[0] ?? '')
    if (isOurs && names.some((name) => !applied.has(name))) return { kind: 'to-migrate' }
  }
  const problems = differences(expectedTables(database.prisma), tables)
  if (problems.length === 0) return { kind: 'complete' }
  const summary = `The schema "${database.schemaName}" is neither empty nor a gateway's, so nothing was changed in it.`
  return { kind: 'unusable', problems: [summary, ...problems] }
}

async function inspect(database: Database): Promise<State> {
  const adapter = await database.sqlAdapterFactory.connect()
  return stateOf(database, adapter).finally(() => adapter.dispose())
}

/**
 * Makes sure the database has the gateway's tables. Only an empty database, or one that affinityql itself created, is ever
 * changed; of a gateway's own database nothing is but looked at. If several processes start on one empty database, one
 * migrates it and the others wait for it. A migration happens as a whole or not at all.
 * @returns whether anything was changed.
 * @throws ConfigurationError naming every missing table and column, and every column of a type that cannot be read;
 *   UnavailableError (DATABASE_UNAVAILABLE).
 */
export async function prepareDatabase(database: Database): Promise<'migrated' | 'unchanged'> {
  try {
    const state = await inspect(database)
    if (state.kind === 'unusable') throw new ConfigurationError(state.problems)
    if (state.kind === 'complete') return 'unchanged'
    // The schema engine is 3 MB of WebAssembly: loaded only where there is something to migrate.
    const { migrate } = await import('./migrate.js')
    return await migrate(database, async (locked) => (await stateOf(database, locked)).kind === 'to-migrate')
  } catch (error) {
    throw toDomainError(error)
  }
}
