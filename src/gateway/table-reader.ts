import { mapDatabaseErrors } from '../postgres/database-errors.js'

/**
 * Runs one statement; the values of each row in the order of its columns. A session keeps the plan of one that is `kept`, see
 * Database.query.
 */
export type RunQuery = (
  sql: string,
  args: readonly (string | readonly string[])[],
  plan?: 'kept',
) => Promise<readonly (readonly unknown[])[]>

/** How rows of a table are read: what a statement selects, and what makes a row of its values. */
export interface Reading<Row> {
  /** The table's name, which is its alias in every statement. */
  readonly table: string
  /** The expression of the row's id. */
  readonly id: string
  /** The position of the id among the selected expressions. */
  readonly idAt: number
  readonly select: readonly string[]
  rowOf(values: readonly unknown[]): Row
}

/** Reads a table whose columns are always the same. */
function readingOf<Row extends object>(table: TableOf<Row>): Reading<Row> {
  return {
    table: table.name,
    id: `${table.name}.${columnOf(table, 'id')}`,
    idAt: Object.keys(table.columns).indexOf('id'),
    select: Object.keys(table.columns).map((field) => `${table.name}.${columnOf(table, field)}`),
    rowOf: rowReader<Row>(table),
  }
}

const asReading = <Row extends object>(source: Reading<Row> | TableOf<Row>): Reading<Row> =>
  'select' in source ? source : readingOf(source)

/**
 * Reads rows by one condition on a list of texts, in one statement whatever their number: an `ANY` has one parameter, where
 * Prisma's `in` has one for each id and splits at 32,766.
 * @param condition SQL, with `$1` for the list
 */
export function createTableReader<Row extends object>(
  query: RunQuery,
  source: Reading<Row> | TableOf<Row>,
  condition?: string,
): (texts: readonly string[]) => Promise<Row[]> {
  const { table, id, select, rowOf } = asReading(source)
  const sql = `SELECT ${select.join(', ')} FROM ${table} WHERE ${condition ?? `${id} = ANY($1)`}`
  return (texts) => mapDatabaseErrors(async () => (await query(sql, [texts], 'kept')).map(rowOf))
}

/**
 * Reads rows with the row of another table that each belongs to, or null where there is none, in one statement: a lookup
 * for each row, so not for many thousands.
 * @param on the column of the table that holds the other's id
 * @param condition SQL, with `$1` for the list
 */
export function createPairReader<Row extends object, Other extends object>(
  query: RunQuery,
  source: Reading<Row> | TableOf<Row>,
  otherSource: Reading<Other> | TableOf<Other>,
  on: string,
  condition: string,
): (ids: readonly string[]) => Promise<Pair<Row, Other>[]> {
  const [one, other] = [asReading(source), asReading(otherSource)]
  const { from, rowOf } = pairReading(one, other, on)
  const sql = `SELECT ${[...one.select, ...other.select].join(', ')} ${from} WHERE ${condition}`
  return (ids) => mapDatabaseErrors(async () => (await query(sql, [ids], 'kept')).map(rowOf))
}

/** A row, and the one of another table that it belongs to. */
export interface Pair<Row, Other> {
  readonly row: Row
  /** Null where there is none. */
  readonly other: Other | null
}

/** How pairs are read: from where, and what makes one of the values of both selections. */
export function pairReading<Row, Other>(
  one: Reading<Row>,
  other: Reading<Other>,
  on: string,
): { readonly from: string; rowOf(values: readonly unknown[]): Pair<Row, Other> } {
  const width = one.select.length
  // For a page's few rows: without OFFSET the planner reads all of the other table, some thousands of rows, to join a hundred.
  const lookup = `SELECT * FROM ${other.table} WHERE ${other.id} = ${one.table}.${on} OFFSET 0`
  return {
    from: `FROM ${one.table} LEFT JOIN LATERAL (${lookup}) ${other.table} ON true`,
    rowOf: (values) => ({
      row: one.rowOf(values),
      other: values[width + other.idAt] === null ? null : other.rowOf(values.slice(width)),
    }),
  }
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
        : Value extends object
          ? 'Json'
          : never

/** A table of a gateway, as far as affinityql reads it. */
interface Table {
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

const columnOf = ({ columnNames }: Table, field: string): string => columnNames?.[field] ?? snakeCase(field)

export const snakeCase = (field: string): string =>
  field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** For each type, the types of PostgreSQL that are read without loss. Narrower is the gateway's business. */
export const READABLE_TYPES = {
  String: ['varchar', 'text', 'bpchar', 'citext', 'name', 'uuid'],
  Int: ['int4', 'int2', 'int8'],
  Float: ['float8', 'float4', 'numeric', 'int4', 'int2', 'int8'],
  Boolean: ['bool'],
  DateTime: ['timestamptz', 'timestamp'],
  Json: ['json', 'jsonb'],
} as const

/** Without its question mark. */
const typeName = (type: ColumnType): string => type.replace('?', '')

/** How a value of a column comes out of the driver adapter, which leaves times, JSON and wide numbers as texts. */
const READERS: Readonly<Record<string, (value: unknown) => unknown>> = {
  Int: Number,
  Float: Number,
  DateTime: (value) => (typeof value === 'string' ? new Date(value) : value),
  Json: (value) => (typeof value === 'string' ? JSON.parse(value) : value),
}

/** Makes rows of a table from its columns' values, in the order in which the table names them. */
function rowReader<Row extends object>({ columns }: TableOf<Row>): (values: readonly unknown[]) => Row {
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
