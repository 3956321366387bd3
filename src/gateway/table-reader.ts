import { mapDatabaseErrors } from '../postgres/database-errors.js'
import { columnOf, rowReader, type Table, type TableOf } from './table.js'

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
