import type { SqlQueryable } from '@prisma/driver-adapter-utils'
import { ConfigurationError } from '../../../errors.js'
import type { Database } from '../../../postgres/database.js'
import { toDomainError } from '../../../postgres/database-errors.js'
import type { GatewaySchema, SearchIndexes } from '../../gateway.js'
import type { RunQuery } from '../../table-reader.js'
import { type Look, type Looks, lookAt, refusalsOf } from '../look.js'
import { TABLE_NAMES } from '../tables.js'
import { USAGE_TABLES } from '../usage/usage-columns.js'
import { appliedMigrations, readTables } from './actual-tables.js'
import { MIGRATIONS_TABLE, migrationNames } from './migrate.js'

/** @param looks told to look once the tables are there */
export function createAetherSchema(database: Database, looks: Pick<Looks<unknown>, 'again'>): GatewaySchema {
  return {
    tables: TABLE_NAMES,
    usageTables: USAGE_TABLES,
    async prepare() {
      await requireTables(database)
      await looks.again()
    },
    async makeTables() {
      await makeTables(database)
      await looks.again()
    },
    async inspect() {
      const look = await looks.again()
      return look.tables.size === 0 ? 'empty' : { problems: refusalsOf(look), traits: look.traits }
    },
    searchIndexes: () => searchIndexes(database),
  }
}

/** Whether the tables are to be made; if there are others, they must be usable. */
async function isToMigrate(database: Database, query: RunQuery): Promise<boolean> {
  const look = lookAt(await readTables(query, database.schemaName))
  if (look.tables.size === 0) return true
  if (look.tables.has(MIGRATIONS_TABLE)) {
    const applied = await appliedMigrations(query, database.schemaName)
    const names = migrationNames()
    // Ours only if our first migration made it: another Prisma application has a table of this name, too.
    const isOurs = names.length > 0 && applied.has(names[0] ?? '')
    if (isOurs && names.some((name) => !applied.has(name))) return true
  }
  refuseUseless(database, look)
  return false
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
 * Checks that the database has a gateway's tables. None is made beside a gateway, which owns them: in a database that it has
 * not filled yet, tables of ours would be in its way.
 * @throws ConfigurationError if the service would be useless on these tables, naming what is missing for which field;
 *   UnavailableError (DATABASE_UNAVAILABLE).
 */
export async function requireTables(database: Database): Promise<void> {
  try {
    const look = lookAt(await readTables(database.query, database.schemaName))
    if (look.tables.size === 0) {
      throw new ConfigurationError([
        `The database at ${database.address} has no tables in the schema "${database.schemaName}", so it is not a gateway's, and the service makes none beside a gateway. Start the gateway once, which makes its tables, or name its database in DATABASE_URL, and its schema as ?schema=NAME. To try the service without a gateway, set none of DATABASE_URL, REDIS_URL, ENCRYPTION_KEY and JWT_SECRET_KEY.`,
      ])
    }
    refuseUseless(database, look)
  } catch (error) {
    throw toDomainError(error)
  }
}

function refuseUseless({ schemaName }: Database, look: Look): void {
  const problems = refusalsOf(look)
  if (problems.length === 0) return
  const summary = `The schema "${schemaName}" is neither empty nor a gateway's, so nothing was changed in it.`
  throw new ConfigurationError([summary, ...problems])
}

/**
 * Makes sure that a database of our own, such as the demo's, has the gateway's tables. Only an empty database, or one that affinityql itself created, is ever
 * changed; of a gateway's own database nothing is but looked at. If several processes start on one empty database, one
 * migrates it and the others wait for it. A migration happens as a whole or not at all.
 * @returns whether anything was changed.
 * @throws ConfigurationError if the service would be useless on these tables, naming what is missing for which field;
 *   UnavailableError (DATABASE_UNAVAILABLE).
 */
export async function makeTables(database: Database): Promise<'migrated' | 'unchanged'> {
  try {
    if (!(await isToMigrate(database, database.query))) return 'unchanged'
    // The schema engine is 3 MB of WebAssembly: loaded only where there is something to migrate.
    const { migrate } = await import('./migrate.js')
    return await migrate(database, (locked) => isToMigrate(database, queryOf(locked)))
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
