import { z } from 'zod'
import type { PrismaClient } from '../../../generated/prisma/client.js'
import { columnOf, typeName } from '../../table.js'
import { GATEWAY_TABLES } from '../tables.js'

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
