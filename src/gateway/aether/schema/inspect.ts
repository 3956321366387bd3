import type { SqlQueryable } from '@prisma/driver-adapter-utils'
import { z } from 'zod'
import { MIGRATIONS_TABLE } from './migrations.js'

/** Table to columns, column to type: the database's name of it, such as `varchar` or `timestamptz`, or `enum`. */
export type ActualTables = ReadonlyMap<string, ReadonlyMap<string, string>>

const STRING = { scalarType: 'string', arity: 'scalar' } as const

// pg_catalog rather than information_schema, which hides what the user has no rights on: that would read as missing.
// relkind: tables, partitioned and foreign ones, views and materialized views.
const TABLES_SQL = `
  SELECT c.relname::text, a.attname::text, CASE t.typtype WHEN 'e' THEN 'enum' ELSE t.typname::text END
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
   WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f', 'v', 'm')`

const TableRow = z.tuple([z.string(), z.string().nullable(), z.string().nullable()])

/** Every table and view of a schema with its columns. */
export async function readTables(queryable: SqlQueryable, schemaName: string): Promise<ActualTables> {
  const { rows } = await queryable.queryRaw({ sql: TABLES_SQL, args: [schemaName], argTypes: [STRING] })
  const tables = new Map<string, Map<string, string>>()
  for (const row of rows) {
    const [table, column, type] = TableRow.parse(row)
    const columns = tables.get(table) ?? new Map<string, string>()
    if (column !== null) columns.set(column, type ?? '')
    tables.set(table, columns)
  }
  return tables
}

/** Names of the migrations that Prisma's schema engine has finished here. */
export async function appliedMigrations(queryable: SqlQueryable, schemaName: string): Promise<Set<string>> {
  const table = `"${schemaName.replaceAll('"', '""')}"."${MIGRATIONS_TABLE}"`
  const sql = `SELECT migration_name FROM ${table} WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`
  const { rows } = await queryable.queryRaw({ sql, args: [], argTypes: [] })
  return new Set(rows.map(([name]) => z.string().parse(name)))
}
