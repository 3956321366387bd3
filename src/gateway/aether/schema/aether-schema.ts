import type { SqlQueryable } from '@prisma/driver-adapter-utils'
import { ConfigurationError } from '../../../errors.js'
import type { Database } from '../../../postgres/database.js'
import { toDomainError } from '../../../postgres/database-errors.js'
import type { GatewaySchema, SearchIndexes } from '../../gateway.js'
import { MIGRATIONS_TABLE, migrationNames } from './migrate.js'
import { appliedMigrations, differences, expectedTables, readTables } from './tables-check.js'

export function createAetherSchema(database: Database): GatewaySchema {
  const expected = expectedTables(database.prisma)
  return {
    tables: expected.map(({ name }) => name),
    prepare: () => prepareDatabase(database),
    async inspect() {
      const adapter = await database.sqlAdapterFactory.connect()
      try {
        const tables = await readTables(adapter, database.schemaName)
        return tables.size === 0 ? 'empty' : { problems: differences(expected, tables) }
      } finally {
        await adapter.dispose()
      }
    },
    searchIndexes: () => searchIndexes(database),
  }
}

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

/** Looks for the indexes of deploy/postgres/indexes.sql, which the search by names uses, by whatever names. */
export async function searchIndexes({
  prisma,
  schemaName,
}: Pick<Database, 'prisma' | 'schemaName'>): Promise<SearchIndexes> {
  const tables = await prisma.$queryRaw<{ name: string; rows: number; indexes: string }[]>`
    SELECT c.relname AS name, c.reltuples AS rows,
      coalesce(string_agg(pg_get_indexdef(i.indexrelid), ';') FILTER (WHERE i.indisvalid), '') AS indexes
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indrelid = c.oid
    WHERE n.nspname = ${schemaName} AND c.relname IN ('api_keys', 'users')
    GROUP BY c.oid`
  return {
    // PostgreSQL counts when it analyses a table, and has -1 before.
    apiKeys: Math.max(0, tables.find(({ name }) => name === 'api_keys')?.rows ?? 0),
    complete:
      tables.every(({ indexes }) => indexes.includes('gin_trgm_ops')) &&
      tables.some(({ indexes }) => indexes.includes('(user_id)')),
  }
}
