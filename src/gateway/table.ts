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
