import { z } from 'zod'
import type { Generation } from '../../gateway.js'
import type { RunQuery } from '../../table-reader.js'
import { MIGRATIONS_TABLE } from './migrate.js'

/** Table to columns, column to type: the database's name of it, such as `varchar` or `timestamptz`, or `enum`. */
export type ActualTables = ReadonlyMap<string, ReadonlyMap<string, string>>

// pg_catalog rather than information_schema, which hides what the user has no rights on: that would read as missing.
// relkind: tables, partitioned and foreign ones, views and materialized views.
const TABLES_SQL = `
  SELECT c.relname::text, a.attname::text, CASE t.typtype WHEN 'e' THEN 'enum' ELSE t.typname::text END,
         has_column_privilege(a.attrelid, a.attnum, 'SELECT')
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
   WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f', 'v', 'm')`

const TableRow = z.tuple([z.string(), z.string().nullable(), z.string().nullable(), z.boolean().nullable()])

export interface FoundTables {
  readonly tables: ActualTables
  /** The columns that this role may not read, such as `users.email`. */
  readonly withheld: ReadonlySet<string>
}

/** Every table and view of a schema with its columns. */
export async function readTables(query: RunQuery, schemaName: string): Promise<FoundTables> {
  const tables = new Map<string, Map<string, string>>()
  const withheld = new Set<string>()
  for (const row of await query(TABLES_SQL, [schemaName])) {
    const [table, column, type, mayRead] = TableRow.parse(row)
    const columns = tables.get(table) ?? new Map<string, string>()
    if (column !== null) columns.set(column, type ?? '')
    if (column !== null && mayRead === false) withheld.add(`${table}.${column}`)
    tables.set(table, columns)
  }
  return { tables, withheld }
}

/** Names of the migrations that Prisma's schema engine has finished here. */
export async function appliedMigrations(query: RunQuery, schemaName: string): Promise<Set<string>> {
  const table = `"${schemaName.replaceAll('"', '""')}"."${MIGRATIONS_TABLE}"`
  const sql = `SELECT migration_name FROM ${table} WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`
  return new Set((await query(sql, [])).map(([name]) => z.string().parse(name)))
}

/** Tells the generation of the gateway that made these tables: never by a version number, since forks mix. */
export function generationOf(tables: ActualTables): Generation {
  if (tables.get('provider_api_keys')?.has('endpoint_id')) return 'ENDPOINT_KEYS'
  const isRust = tables.has('routing_groups') || tables.has('usage_settlement_snapshots')
  return isRust ? 'PROCESS_MEMORY' : 'PROVIDER_KEYS'
}
