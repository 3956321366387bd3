import { z } from 'zod'
import type { PrismaClient } from '../../generated/prisma/client.js'

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

/** Every table and column of prisma/schema.prisma, as the database names them. */
export function expectedTables(prisma: PrismaClient): ExpectedTable[] {
  const { models } = RuntimeDataModel.parse(Reflect.get(prisma, '_runtimeDataModel'))
  return Object.entries(models).map(([model, { dbName, fields }]) => ({
    name: dbName ?? model,
    columns: fields
      // A relation is no column.
      .filter((field) => field.kind !== 'object')
      .map((field) => ({
        name: field.dbName ?? field.name,
        type: field.kind === 'enum' ? 'enum' : field.type,
      })),
  }))
}
