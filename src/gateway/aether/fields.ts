import type { Generation, MissingField } from '../gateway.js'
import { READABLE_TYPES, type Reading } from '../table-reader.js'
import type { ActualTables } from './schema/actual-tables.js'

/** One way to fill a field: an SQL expression, and the columns that must be there for it. */
export interface Way {
  readonly sql: string
  /** `table.column` */
  readonly needs: readonly string[]
  /** The types that the columns may have, where the expression takes only such. */
  readonly types?: readonly string[]
  /** The one generation that fills the field in this way; undefined: each that has the columns. */
  readonly only?: Generation
}

/** How a value comes out of the driver adapter, which leaves times, JSON and wide numbers as texts. */
export interface Kind<Value> {
  /** Types of PostgreSQL that a column may have which is read as it is. An expression casts what it needs. */
  readonly types: readonly string[]
  /** Undefined for a value that is not of this kind: then the field is as if it were null. */
  read(value: unknown): Value | undefined
}

export interface Field<Value> {
  readonly kind: Kind<Value & {}>
  /** The first one whose columns all exist is taken. */
  readonly ways: readonly Way[]
  /** The value where no way can be taken, and in place of a null. A function makes it from the row's id. */
  readonly otherwise: Value | ((id: string) => Value)
}

export interface RowTable<Row> {
  /** The name in the database, which is the alias in every statement as well. */
  readonly name: string
  /** The type of the API that shows these rows. */
  readonly type: string
  readonly fields: { readonly [Name in keyof Row & string]: Field<Row[Name]> }
  /** The name in the API of a field that has another one there; empty: the type as a whole; null: the API does not show it. */
  readonly shownAs?: { readonly [Name in keyof Row & string]?: string | null }
}

const COLUMN = /\b([a-z_]\w*)\.([a-z_]\w*)\b/g

/** A way that needs the columns which its expression names as `table.column`. */
export const way = (sql: string, only?: Generation): Way => ({
  sql,
  needs: [...new Set(Array.from(sql.matchAll(COLUMN), ([column]) => column))],
  ...(only && { only }),
})

/** A way that stands for a column: whoever has the column needs no other value. */
export const constant = (sql: string, ...needs: readonly string[]): Way => ({ sql, needs })

/** A way whose expression takes columns of these types alone. */
export const wayFrom = (types: readonly string[], sql: string): Way => ({ ...way(sql), types })

type WayLike = Way | string

const waysOf = (ways: readonly WayLike[]): Way[] =>
  ways.map((one) => (typeof one === 'string' ? way(one) : one))

export const nullable = <Value>(
  kind: Kind<Value & {}>,
  ...ways: readonly WayLike[]
): Field<Value | null> => ({
  kind: kind as Kind<(Value | null) & {}>,
  ways: waysOf(ways),
  otherwise: null,
})

export const required = <Value>(
  kind: Kind<Value & {}>,
  otherwise: Value | ((id: string) => Value),
  ...ways: readonly WayLike[]
): Field<Value> => ({ kind, ways: waysOf(ways), otherwise })

const isMissing = (tables: ActualTables, column: string): boolean => {
  const [table = '', name = ''] = column.split('.')
  return tables.get(table)?.has(name) !== true
}

const typeIn = (tables: ActualTables, column: string): string | undefined => {
  const [table = '', name = ''] = column.split('.')
  return tables.get(table)?.get(name)
}

/** What a way lacks, for a sentence; empty if it can be taken. */
function lacks(tables: ActualTables, { sql, needs, types }: Way, ofKind: readonly string[]): string[] {
  const missing = needs.filter((column) => isMissing(tables, column))
  const wanted = types ?? (needs[0] === sql ? ofKind : undefined)
  if (missing.length > 0 || wanted === undefined) return missing
  return needs.flatMap((column) => {
    const type = typeIn(tables, column) ?? ''
    return wanted.includes(type) ? [] : [`${column} as ${wanted[0]} (it is ${type})`]
  })
}

const possible = ({ ways }: Field<unknown>, generation: Generation): readonly Way[] =>
  ways.filter(({ only }) => only === undefined || only === generation)

/** The expression that fills a field here; undefined if no way can be taken. */
export const expressionOf = (
  field: Field<unknown>,
  tables: ActualTables,
  generation: Generation,
): string | undefined =>
  possible(field, generation).find((one) => lacks(tables, one, field.kind.types).length === 0)?.sql

/** What a field lacks where no way can be taken, for a sentence; undefined if it can be filled. */
export const needsOf = (
  field: Field<unknown>,
  tables: ActualTables,
  generation: Generation,
): string | undefined =>
  expressionOf(field, tables, generation) === undefined
    ? possible(field, generation)
        .map((one) => lacks(tables, one, field.kind.types).join(' and '))
        .join(', or ')
    : undefined

/** What is needed by the columns that a part of the API reads beside the fields of rows. */
export const missingColumns = (tables: ActualTables, columns: readonly string[]): string[] =>
  columns.filter((column) => isMissing(tables, column))

/** The fields of the API that these tables cannot fill. A table that has no id, or is not there, is one entry. */
export function missingFields<Row>(
  table: RowTable<Row>,
  tables: ActualTables,
  generation: Generation,
): MissingField[] {
  const fields = Object.entries<Field<unknown>>(table.fields)
  const entries = fields.flatMap(([name, field]): (MissingField & { name: string })[] => {
    const shown = Reflect.get(table.shownAs ?? {}, name)
    const needs = shown === null ? undefined : needsOf(field, tables, generation)
    if (needs === undefined) return []
    return [{ name, field: shown === '' ? table.type : `${table.type}.${shown ?? name}`, needs }]
  })
  const id = entries.find(({ name }) => name === 'id')
  return id ? [{ field: table.type, needs: id.needs }] : entries.map(({ field, needs }) => ({ field, needs }))
}

/** How rows of a table are read, also as JSON. */
export interface TableReading<Row> extends Reading<Row> {
  /** What stands for `select` where rows come as JSON: a column of JSON comes as its text, as from a row. */
  readonly selectForJson: readonly string[]
}

/** How rows of the table are read here; undefined if the table has no id, so that it has no rows for us. */
export function readingOf<Row extends object>(
  table: RowTable<Row>,
  tables: ActualTables,
  generation: Generation,
): TableReading<Row> | undefined {
  const select: string[] = []
  const selectForJson: string[] = []
  const fields = Object.entries<Field<unknown>>(table.fields).map(([name, { kind, otherwise, ...field }]) => {
    const expression = expressionOf({ kind, otherwise, ...field }, tables, generation)
    const at = expression === undefined ? undefined : select.push(expression) - 1
    if (expression !== undefined)
      selectForJson.push(kind.types === READABLE_TYPES.Json ? `(${expression})::text` : expression)
    return { name, at, kind, otherwise }
  })
  const idAt = fields.find(({ name }) => name === 'id')?.at
  const id = idAt === undefined ? undefined : select[idAt]
  if (idAt === undefined || id === undefined) return undefined
  return {
    table: table.name,
    id,
    idAt,
    select,
    selectForJson,
    rowOf(values) {
      const row: Record<string, unknown> = {}
      for (const { name, at, kind, otherwise } of fields) {
        const value = at === undefined ? null : values[at]
        const read = value === null || value === undefined ? undefined : kind.read(value)
        row[name] = read ?? (typeof otherwise === 'function' ? otherwise(String(values[idAt])) : otherwise)
      }
      return row as Row
    },
  }
}

export const TEXT: Kind<string> = {
  types: [...READABLE_TYPES.String, 'enum'],
  read: (value) => String(value),
}

export const INT: Kind<number> = { types: READABLE_TYPES.Int, read: finite }
export const FLOAT: Kind<number> = { types: READABLE_TYPES.Float, read: finite }

export const BOOLEAN: Kind<boolean> = { types: READABLE_TYPES.Boolean, read: (value) => value === true }

export const TIME: Kind<Date> = {
  types: READABLE_TYPES.DateTime,
  read: (value) => timeOf(value instanceof Date ? value.toISOString() : value),
}

function finite(value: unknown): number | undefined {
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}

/** A time of RFC 3339, also within JSON, where times of columns without a zone have none: they are UTC. */
export function timeOf(value: unknown): Date | undefined {
  if (typeof value !== 'string') return undefined
  const time = new Date(/(Z|[+-]\d\d(:?\d\d)?)$/.test(value) ? value : `${value}Z`)
  return Number.isNaN(time.getTime()) ? undefined : time
}

/**
 * A value within a JSON column. JSON's `null` is as unset as SQL's: gateways store it far more often.
 * @param read undefined for JSON that has not the form which gateways give it
 */
export const json = <Value>(read: (value: unknown) => Value | undefined): Kind<Value> => ({
  types: READABLE_TYPES.Json,
  read(value) {
    if (typeof value !== 'string') return read(value)
    try {
      return read(JSON.parse(value))
    } catch {
      return undefined
    }
  },
})

/** The entries of a JSON object; undefined for anything else. */
export const entriesOf = (value: unknown): [string, unknown][] | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined
