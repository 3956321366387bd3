import type { ExpectedColumn, ExpectedTable } from './expected-tables.js'
import type { ActualTables } from './inspect.js'

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
