import type { SqlQueryable } from '@prisma/driver-adapter-utils'
import { z } from 'zod'
import type { PrismaClient } from '../../../generated/prisma/client.js'
import { columnOf, typeName } from '../../table-reader.js'
import { GATEWAY_TABLES } from '../tables.js'
import { MIGRATIONS_TABLE } from './migrate.js'

export interface ExpectedColumn {
  readonly name: string
  /** Prisma's type, such as `String`, `Int` or `Json`; `enum` for an enum type of the database. */
  readonly type: string
}

export interface ExpectedTable {
  readonly name: string
  readonly columns: readonly ExpectedColumn[]
}

// What `prisma generate` makes of prisma/schema.prisma and gives its client, so that the schema is written down once.
// Internal to Prisma, though its plugins read it as well: hence the check.
const RuntimeDataModel = z.object({
  models: z.record(
    z.string(),
    z.object({
      dbName: z.string().nullish(),
      fields: z.array(
        z.object({ name: z.string(), kind: z.string(), type: z.string(), dbName: z.string().nullish() }),
      ),
    }),
  ),
})

/** Every table and column of prisma/schema.prisma and of what is read by SQL, as the database names them. */
export function expectedTables(prisma: PrismaClient): ExpectedTable[] {
  const tables = modelsOf(prisma)
  for (const table of GATEWAY_TABLES) {
    const known = tables.get(table.name) ?? new Map<string, string>()
    for (const [field, type] of Object.entries(table.columns))
      known.set(columnOf(table, field), typeName(type))
    tables.set(table.name, known)
  }
  return [...tables].map(([name, columns]) => ({
    name,
    columns: [...columns].map(([column, type]) => ({ name: column, type })),
  }))
}

/** Table to columns, column to Prisma's type. */
function modelsOf(prisma: PrismaClient): Map<string, Map<string, string>> {
  const { models } = RuntimeDataModel.parse(Reflect.get(prisma, '_runtimeDataModel'))
  return new Map(
    Object.entries(models).map(([model, { dbName, fields }]) => [
      dbName ?? model,
      new Map(
        fields
          // A relation is no column.
          .filter((field) => field.kind !== 'object')
          .map((field) => [field.dbName ?? field.name, field.kind === 'enum' ? 'enum' : field.type]),
      ),
    ]),
  )
}

// For each of Prisma's types, the types of PostgreSQL that it reads without loss. Narrower is the gateway's business.
const READABLE: Readonly<Record<string, readonly string[]>> = {
  String: ['varchar', 'text', 'bpchar', 'citext', 'name', 'uuid'],
  Int: ['int4', 'int2', 'int8'],
  Float: ['float8', 'float4', 'numeric', 'int4', 'int2', 'int8'],
  Boolean: ['bool'],
  DateTime: ['timestamptz', 'timestamp'],
  Json: ['json', 'jsonb'],
  enum: ['enum'],
}

const readableTypes = (column: ExpectedColumn): readonly string[] => READABLE[column.type] ?? []

/** What of the expected tables the database lacks, or has in a form that cannot be read: one sentence each. */
export function differences(expected: readonly ExpectedTable[], actual: ActualTables): string[] {
  return expected.flatMap((table) => {
    const columns = actual.get(table.name)
    if (columns === undefined) return [`The table "${table.name}" is missing.`]
    return table.columns.flatMap((column) => {
      const name = `"${table.name}"."${column.name}"`
      const type = columns.get(column.name)
      if (type === undefined) return [`The column ${name} is missing.`]
      const readable = readableTypes(column)
      if (readable.includes(type)) return []
      return [`The column ${name} is of type ${type}; it must be ${readable.slice(0, 2).join(' or ')}.`]
    })
  })
}

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
