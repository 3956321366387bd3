import { mapDatabaseErrors } from '../postgres/database-errors.js'

/** Runs one statement; the values of each row in the order of its columns. */
export type RunQuery = (
  sql: string,
  args: readonly (string | readonly string[])[],
) => Promise<readonly (readonly unknown[])[]>

interface Table<Row> {
  readonly name: string
  /** The row's fields, as Prisma's select has them; columns are the same in snake_case. */
  readonly columns: { readonly [Field in keyof Row]: true }
}

/**
 * Reads rows by one condition on a list of ids, in one statement whatever their number: an `ANY` has one parameter, where
 * Prisma's `in` has one for each id and splits at 32,766.
 * @param condition SQL, with `$1` for the list
 */
export function createTableReader<Row extends object>(
  query: RunQuery,
  { name, columns }: Table<Row>,
  condition = 'id = ANY($1)',
): (ids: readonly string[]) => Promise<Row[]> {
  const fields = Object.keys(columns)
  const sql = `SELECT ${fields.map(columnOf).join(', ')} FROM ${name} WHERE ${condition}`
  const rowOf = rowReader<Row>(fields)
  return (ids) => mapDatabaseErrors(async () => (await query(sql, [ids])).map(rowOf))
}

/**
 * Reads rows with the row of another table that each belongs to, or null where there is none, in one statement: a lookup
 * for each row, so not for many thousands.
 * @param on the column of `table` that holds the other's id
 * @param condition SQL, with `$1` for the list
 */
export function createPairReader<Row extends object, Other extends object>(
  query: RunQuery,
  table: Table<Row>,
  other: Table<Other>,
  on: string,
  condition = `${table.name}.id = ANY($1)`,
): (ids: readonly string[]) => Promise<{ row: Row; other: Other | null }[]> {
  const fields = Object.keys(table.columns)
  const others = Object.keys(other.columns)
  const columns = [
    ...fields.map((field) => `${table.name}.${columnOf(field)}`),
    ...others.map((field) => `${other.name}.${columnOf(field)}`),
  ]
  // For a page's few rows: without OFFSET the planner reads all of the other table, some thousands of rows, to join a hundred.
  const lookup = `SELECT * FROM ${other.name} WHERE ${other.name}.id = ${table.name}.${on} OFFSET 0`
  const join = `LEFT JOIN LATERAL (${lookup}) ${other.name} ON true`
  const sql = `SELECT ${columns.join(', ')} FROM ${table.name} ${join} WHERE ${condition}`
  const [rowOf, otherOf] = [rowReader<Row>(fields), rowReader<Other>(others)]
  const idAt = fields.length + others.indexOf('id')
  return (ids) =>
    mapDatabaseErrors(async () =>
      (await query(sql, [ids])).map((values) => ({
        row: rowOf(values),
        other: values[idAt] === null ? null : otherOf(values.slice(fields.length)),
      })),
    )
}

function rowReader<Row extends object>(fields: readonly string[]): (values: readonly unknown[]) => Row {
  // Times come as texts; the gateway names every one of them so.
  const isTime = fields.map((field) => field.endsWith('At'))
  return (values) => {
    const row: Record<string, unknown> = {}
    fields.forEach((field, index) => {
      const value = values[index]
      row[field] = isTime[index] && typeof value === 'string' ? new Date(value) : value
    })
    return row as Row
  }
}

const columnOf = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
