/** The types of columns, by Prisma's names of them. */
interface Values {
  readonly String: string
  readonly Int: number
  readonly Float: number
  readonly Boolean: boolean
  readonly DateTime: Date
  readonly Json: unknown
  /** An enum type of the database, read as text. */
  readonly enum: string
}

/** A column's type; with a question mark where it may be null. */
export type ColumnType = keyof Values | `${keyof Values}?`

/** A table of the gateway, as far as affinityql reads it. */
export interface Table {
  readonly name: string
  /** Each field of a row and its column's type. Columns are named as their fields are, in snake_case. */
  readonly columns: Readonly<Record<string, ColumnType>>
}

type ValueOf<Type extends ColumnType> = Type extends keyof Values
  ? Values[Type]
  : Type extends `${infer Known extends keyof Values}?`
    ? Values[Known] | null
    : never

export type RowOf<Of extends Table> = {
  readonly [Field in keyof Of['columns']]: ValueOf<Of['columns'][Field]>
}

export const columnOf = (field: string): string =>
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
export function rowReader<Row extends object>({ columns }: Table): (values: readonly unknown[]) => Row {
  const fields = Object.entries(columns).map(([field, type]) => ({ field, read: READERS[typeName(type)] }))
  return (values) => {
    const row: Record<string, unknown> = {}
    fields.forEach(({ field, read }, index) => {
      const value = values[index]
      row[field] = read === undefined || value === null ? value : read(value)
    })
    return row as Row
  }
}
