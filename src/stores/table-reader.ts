import { guardDatabase } from './guard-database.js'

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
  // Times come as texts; the gateway names every one of them so.
  const isTime = fields.map((field) => field.endsWith('At'))

  const rowOf = (values: readonly unknown[]): Row => {
    const row: Record<string, unknown> = {}
    fields.forEach((field, index) => {
      const value = values[index]
      row[field] = isTime[index] && typeof value === 'string' ? new Date(value) : value
    })
    return row as Row
  }
  return (ids) => guardDatabase(async () => (await query(sql, [ids])).map(rowOf))
}

const columnOf = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
