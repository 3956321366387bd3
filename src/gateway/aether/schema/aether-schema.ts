import type { SqlQueryable } from '@prisma/driver-adapter-utils'
import { ConfigurationError } from '../../../errors.js'
import type { Database } from '../../../postgres/database.js'
import { toDomainError } from '../../../postgres/database-errors.js'
import type { GatewaySchema, SearchIndexes } from '../../gateway.js'
import type { RunQuery } from '../../table-reader.js'
import { type Look, type Looks, lookAt, refusalsOf } from '../look.js'
import { TABLE_NAMES } from '../tables.js'
import { appliedMigrations, readTables } from './actual-tables.js'
import { MIGRATIONS_TABLE, migrationNames } from './migrate.js'

/** @param looks told to look once the tables are there */
export function createAetherSchema(database: Database, looks: Pick<Looks<unknown>, 'again'>): GatewaySchema {
  return {
    tables: TABLE_NAMES,
    async prepare() {
      const outcome = await prepareDatabase(database)
      await looks.again()
      return outcome
    },
    async inspect() {
      const look = await looks.again()
      return look.tables.size === 0 ? 'empty' : { problems: refusalsOf(look), traits: look.traits }
    },
    searchIndexes: () => searchIndexes(database),
  }
}

type State =
  | { readonly kind: 'complete' }
  | { readonly kind: 'to-migrate' }
  | { readonly kind: 'unusable'; readonly problems: readonly string[] }

async function stateOf(database: Database, query: RunQuery): Promise<State> {
  const look: Look = lookAt(await readTables(query, database.schemaName))
  const { tables } = look
  if (tables.size === 0) return { kind: 'to-migrate' }
  if (tables.has(MIGRATIONS_TABLE)) {
    const applied = await appliedMigrations(query, database.schemaName)
    const names = migrationNames()
    // Ours only if our first migration made it: another Prisma application has a table of this name, too.
    const isOurs = names.length > 0 && applied.has(names[0] ?? '')
    if (isOurs && names.some((name) => !applied.has(name))) return { kind: 'to-migrate' }
  }
  const problems = refusalsOf(look)
  if (problems.length === 0) return { kind: 'complete' }
  const summary = `The schema "${database.schemaName}" is neither empty nor a gateway's, so nothing was changed in it.`
  return { kind: 'unusable', problems: [summary, ...problems] }
}

/** Within the transaction that has the lock. */
const queryOf =
  (queryable: SqlQueryable): RunQuery =>
  async (sql, args) => {
    const argTypes = args.map((arg) => ({
      scalarType: 'string' as const,
      arity: typeof arg === 'string' ? ('scalar' as const) : ('list' as const),
    }))
    return (await queryable.queryRaw({ sql, args: [...args], argTypes })).rows
  }

/**
 * Makes sure the database has the gateway's tables. Only an empty database, or one that affinityql itself created, is ever
 * changed; of a gateway's own database nothing is but looked at. If several processes start on one empty database, one
 * migrates it and the others wait for it. A migration happens as a whole or not at all.
 * @returns whether anything was changed.
 * @throws ConfigurationError if the service would be useless on these tables, naming what is missing for which field;
 *   UnavailableError (DATABASE_UNAVAILABLE).
 */
export async function prepareDatabase(database: Database): Promise<'migrated' | 'unchanged'> {
  try {
    const state = await stateOf(database, database.query)
    if (state.kind === 'unusable') throw new ConfigurationError(state.problems)
    if (state.kind === 'complete') return 'unchanged'
    // The schema engine is 3 MB of WebAssembly: loaded only where there is something to migrate.
    const { migrate } = await import('./migrate.js')
    return await migrate(
      database,
      async (locked) => (await stateOf(database, queryOf(locked))).kind === 'to-migrate',
    )
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
