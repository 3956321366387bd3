import { readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { getDatamodel } from '../../src/generated/pothos-types.js'
import { ProviderBillingType, UserRole } from '../../src/generated/prisma/enums.js'
import { createPgDatabase, type Database } from '../../src/postgres/database.js'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase } from '../support/servers/shared.js'

/** The schemas that each generation of the gateway has made for itself, as pg_dump prints them. */
const GENERATIONS = {
  'endpoint keys (0.1.24)': 'gateway-schema.sql',
  'provider keys (0.6.4)': 'provider-keys/gateway-schema.sql',
  'process memory (2026-08)': 'process-memory/gateway-schema.sql',
} as const

/** Types of PostgreSQL that Prisma reads as the same type of its own, and that filters work on alike. */
const PRISMA_TYPES: Readonly<Record<string, string>> = {
  varchar: 'String',
  text: 'String',
  int4: 'Int',
  float8: 'Float',
  bool: 'Boolean',
  timestamptz: 'DateTime',
  json: 'Json',
  jsonb: 'Json',
  userrole: 'UserRole',
  providerbillingtype: 'ProviderBillingType',
}

interface Column {
  readonly type: string
  readonly nullable: boolean
}
/** `table.column` to what it is. */
type Columns = ReadonlyMap<string, Column>

const openGeneration = (file: string): Database => {
  const url = freshDatabase('empty')
  psql(url, readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8'))
  // Patient: the template of another test may be copied meanwhile.
  const database = createPgDatabase({ url, turnTimeoutMs: 30_000, statementTimeoutMs: 30_000 })
  onTestFinished(() => database.close())
  return database
}

async function columnsOf({ query }: Database): Promise<Columns> {
  const rows = await query(
    `SELECT table_name || '.' || column_name, udt_name::text, is_nullable::text FROM information_schema.columns
      WHERE table_schema = 'public'`,
    [],
  )
  return new Map(
    rows.map(([name, type, nullable]) => [
      String(name),
      { type: PRISMA_TYPES[String(type)] ?? String(type), nullable: nullable === 'YES' },
    ]),
  )
}

const RuntimeDataModel = z.object({
  models: z.record(
    z.string(),
    z.object({
      dbName: z.string(),
      fields: z.array(
        z.object({ name: z.string(), kind: z.string(), type: z.string(), dbName: z.string().nullish() }),
      ),
    }),
  ),
})

/** The columns of prisma/schema.prisma: Prisma's client knows their names, Pothos's types which of them may be null. */
function modelColumns({ prisma }: Database): Columns {
  const { models } = RuntimeDataModel.parse(Reflect.get(prisma, '_runtimeDataModel'))
  const required = new Map(
    Object.entries(getDatamodel().datamodel.models).map(([model, { fields }]) => [
      model,
      new Set(fields.filter(({ isRequired }) => isRequired).map(({ name }) => name)),
    ]),
  )
  return new Map(
    Object.entries(models).flatMap(([model, { dbName: table, fields }]) =>
      fields
        .filter(({ kind }) => kind !== 'object')
        .map(({ name, dbName, type }) => [
          `${table}.${dbName ?? name}`,
          { type, nullable: required.get(model)?.has(name) !== true },
        ]),
    ),
  )
}

const tableOf = (name: string): string => name.split('.')[0] ?? ''

describe('Prisma’s models', () => {
  it('hold exactly the columns that every generation has with a type that reads alike', async () => {
    const databases = Object.values(GENERATIONS).map(openGeneration)
    const [first = new Map<string, Column>(), ...others] = await Promise.all(databases.map(columnsOf))
    const [database] = databases
    const models = modelColumns(database ?? expect.fail('There are three generations.'))
    const tables = new Set([...models.keys()].map(tableOf))
    const shared = [...first].flatMap(([name, { type, nullable }]) => {
      const found = others.flatMap((columns) => columns.get(name) ?? [])
      const isShared =
        tables.has(tableOf(name)) &&
        found.length === others.length &&
        found.every((column) => column.type === type)
      return isShared ? [[name, { type, nullable: nullable || found.some((column) => column.nullable) }]] : []
    })
    expect(Object.fromEntries(models)).toEqual(Object.fromEntries(shared))
    expect(tables.size).toBe(9)
  })

  it.each(Object.entries(GENERATIONS))(
    'can be read of %s, every column of every model',
    async (_name, file) => {
      const { prisma } = openGeneration(file)
      const models = [
        () => prisma.user.findMany(),
        () => prisma.apiKey.findMany(),
        () => prisma.provider.findMany(),
        () => prisma.endpoint.findMany(),
        () => prisma.providerKey.findMany(),
        () => prisma.globalModel.findMany(),
        () => prisma.model.findMany(),
        () => prisma.systemConfig.findMany(),
        () => prisma.auditLog.findMany(),
      ]
      for (const read of models) expect(await read()).toEqual([])
    },
  )

  it.each(Object.entries(GENERATIONS))('know every role and kind of billing of %s', async (_name, file) => {
    const { query } = openGeneration(file)
    const labels = async (type: string) =>
      (await query(`SELECT enumlabel::text FROM pg_enum WHERE enumtypid = $1::regtype`, [type])).map(
        ([label]) => String(label),
      )
    expect(Object.keys(UserRole)).toEqual(expect.arrayContaining(await labels('userrole')))
    expect(Object.keys(ProviderBillingType)).toEqual(
      expect.arrayContaining(await labels('providerbillingtype')),
    )
  })
})
