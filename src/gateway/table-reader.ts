import { mapDatabaseErrors } from '../postgres/database-errors.js'

/** Runs one statement; the values of each row in the order of its columns. */
export type RunQuery = (
  sql: string,
  args: readonly (string | readonly string[])[],
) => Promise<readonly (readonly unknown[])[]>

/** The table's columns as a statement names them. */
const columnsOf = (table: Table): string[] =>
  Object.keys(table.columns).map((field) => `${table.name}.${columnOf(table, field)}`)

/**
 * Reads rows by one condition on a list of texts, in one statement whatever their number: an `ANY` has one parameter, where
 * Prisma's `in` has one for each id and splits at 32,766.
 * @param condition SQL, with `$1` for the list
 */
export function createTableReader<Row extends object>(
  query: RunQuery,
  table: TableOf<Row>,
  condition = `${columnOf(table, 'id')} = ANY($1)`,
): (texts: readonly string[]) => Promise<Row[]> {
  const sql = `SELECT ${columnsOf(table).join(', ')} FROM ${table.name} WHERE ${condition}`
  const rowOf = rowReader<Row>(table)
  return (texts) => mapDatabaseErrors(async () => (await query(sql, [texts])).map(rowOf))
}

/**
 * Reads rows with the row of another table that each belongs to, or null where there is none, in one statement: a lookup
 * for each row, so not for many thousands.
 * @param on the column of `table` that holds the other's id
 * @param condition SQL, with `$1` for the list
 */
export function createPairReader<Row extends object, Other extends object>(
  query: RunQuery,
  table: TableOf<Row>,
  other: TableOf<Other>,
  on: string,
  condition = `${table.name}.${columnOf(table, 'id')} = ANY($1)`,
): (ids: readonly string[]) => Promise<{ row: Row; other: Other | null }[]> {
  const width = Object.keys(table.columns).length
  const columns = [...columnsOf(table), ...columnsOf(other)]
  // For a page's few rows: without OFFSET the planner reads all of the other table, some thousands of rows, to join a hundred.
  const lookup = `SELECT * FROM ${other.name} WHERE ${other.name}.${columnOf(other, 'id')} = ${table.name}.${on} OFFSET 0`
  const join = `LEFT JOIN LATERAL (${lookup}) ${other.name} ON true`
  const sql = `SELECT ${columns.join(', ')} FROM ${table.name} ${join} WHERE ${condition}`
  const [rowOf, otherOf] = [rowReader<Row>(table), rowReader<Other>(other)]
  const idAt = width + Object.keys(other.columns).indexOf('id')
  return (ids) =>
    mapDatabaseErrors(async () =>
      (await query(sql, [ids])).map((values) => ({
        row: rowOf(values),
        other: values[idAt] === null ? null : otherOf(values.slice(width)),
      })),
    )
}

/** The types of columns, by Prisma's names of them. */
type TypeName = 'String' | 'Int' | 'Float' | 'Boolean' | 'DateTime' | 'Json' | 'enum'

/** A column's type; with a question mark where it may be null. */
type ColumnType = TypeName | `${TypeName}?`

/** The types of columns that are read as such a value. An enum type of the database is read as text. */
type TypeOf<Value> = unknown extends Value
  ? 'Json' | 'Json?'
  : null extends Value
    ? `${NameOf<NonNullable<Value>>}?`
    : NameOf<Value>

type NameOf<Value> = Value extends string
  ? 'String' | 'enum'
  : Value extends number
    ? 'Int' | 'Float'
    : Value extends boolean
      ? 'Boolean'
      : Value extends Date
        ? 'DateTime'
        : never

/** A table of a gateway, as far as affinityql reads it. */
export interface Table {
  readonly name: string
  /** Each field of a row and its column's type. Columns are named as their fields are, in snake_case. */
  readonly columns: Readonly<Record<string, ColumnType>>
  /** The columns of fields that have another name. */
  readonly columnNames?: Readonly<Record<string, string | undefined>>
}

/** A table that has a column for each field of such a row. */
export interface TableOf<Row> extends Table {
  readonly columns: { readonly [Field in keyof Row & string]: TypeOf<Row[Field]> }
  readonly columnNames?: { readonly [Field in keyof Row & string]?: string }
}

export const columnOf = ({ columnNames }: Table, field: string): string =>
  columnNames?.[field] ?? snakeCase(field)

export const snakeCase = (field: string): string =>
  field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Without its question mark. */
export const typeName = (type: ColumnType): string => type.replace('?', '')

/** How a value of a column comes out of the driver adapter, which leaves times, JSON and wide numbers as texts. */
const READERS: Readonly<Record<string, (value: unknown) => unknown>> = {
  Int: Number,
  Float: Number,
  DateTime: (value) => (typeof value === 'string' ? new Date(value) : value),
  Json: (value) => (typeof value === 'string' ? JSON.parse(value) : value),
}

/** Makes rows of a table from its columns' values, in the order in which the table names them. */
export function rowReader<Row extends object>({
  columns,
}: TableOf<Row>): (values: readonly unknown[]) => Row {
  const fields = Object.entries<ColumnType>(columns).map(([field, type]) => ({
    field,
    read: READERS[typeName(type)],
  }))
  return (values) => {
    const row: Record<string, unknown> = {}
    fields.forEach(({ field, read }, index) => {
      const value = values[index]
      row[field] = read === undefined || value === null ? value : read(value)
    })
    return row as Row
  }
}
