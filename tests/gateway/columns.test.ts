import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAetherLooks, createGatewayStore } from '../../src/gateway/aether/aether-gateway.js'
import { type RowTable, readingOf } from '../../src/gateway/aether/fields.js'
import { lookAt, refusalsOf } from '../../src/gateway/aether/look.js'
import { type ActualTables, readTables } from '../../src/gateway/aether/schema/actual-tables.js'
import { createAdminDirectory } from '../../src/gateway/aether/sign-in.js'
import { ROW_TABLES, TABLE_NAMES } from '../../src/gateway/aether/tables.js'
import { createPgDatabase } from '../../src/postgres/database.js'
import { freshDatabase } from '../support/servers/shared.js'

/** Columns as `table.column`, each with its type. */
type Columns = readonly (readonly [column: string, type: string])[]

const INDISPENSABLE = ['users.id', 'api_keys.id', 'providers.id']

/** The columns that any of two neighbouring generations has, of the tables that are read. */
const unions: Columns[] = []

beforeAll(async () => {
  const generations = await Promise.all(
    (['schema', 'provider-keys', 'process-memory'] as const).map(async (contents) => {
      const database = createPgDatabase({ url: freshDatabase(contents) })
      const { tables } = await readTables(database.query, 'public').finally(() => database.close())
      return new Map(
        [...tables].flatMap(([table, columns]) =>
          TABLE_NAMES.includes(table)
            ? [...columns].map(([column, type]) => [`${table}.${column}`, type] as const)
            : [],
        ),
      )
    }),
  )
  generations.slice(1).forEach((later, index) => {
    unions.push([...new Map([...(generations[index] ?? []), ...later])])
  })
}, 30_000)

function tablesOf(columns: Columns): ActualTables {
  const tables = new Map<string, Map<string, string>>()
  for (const [name, type] of columns) {
    const [table = '', column = ''] = name.split('.')
    tables.set(table, (tables.get(table) ?? new Map<string, string>()).set(column, type))
  }
  return tables
}

/** Schemas between two generations: some of the columns of both, in which tables may be missing as a whole. */
const between = (always: readonly string[]): fc.Arbitrary<Columns> =>
  fc
    .record({
      union: fc.nat({ max: 1 }),
      absent: fc.subarray(
        TABLE_NAMES.filter((name) => !['users', 'api_keys', 'providers'].includes(name)),
        {
          maxLength: 3,
        },
      ),
      share: fc.integer({ min: 1, max: 10 }),
      dice: fc.infiniteStream(fc.integer({ min: 1, max: 10 })),
    })
    .map(({ union, absent, share, dice }) =>
      (unions[union] ?? []).filter(([name]) => {
        const [table = ''] = name.split('.')
        const isDrawn = Number(dice.next().value) <= share
        return always.includes(name) || (isDrawn && !absent.includes(table))
      }),
    )

describe('any schema between two generations', () => {
  it('has an expression for each field whose columns are there, and names each field that has none', () => {
    fc.assert(
      fc.property(between([]), (columns) => {
        const look = lookAt({ tables: tablesOf(columns), withheld: new Set() })
        const there = new Set(columns.map(([name]) => name))
        for (const table of ROW_TABLES) {
          const reading = readingOf(table as RowTable<never>, look.tables, look.generation)
          expect(reading === undefined).toBe(!there.has(`${table.name}.id`))
          for (const expression of reading?.select ?? []) {
            for (const [column] of expression.matchAll(/\b[a-z_]+\.[a-z_]\w*/g))
              expect(there).toContain(column)
          }
        }
        expect(refusalsOf(look).length > 0).toBe(INDISPENSABLE.some((id) => !there.has(id)))
        for (const { field, needs } of look.traits.missing) {
          expect(field).not.toBe('')
          const named = Array.from(needs.matchAll(/\b[a-z_]+\.[a-z_]\w*/g), ([column]) => column)
          expect(named.filter((column) => !there.has(column))).not.toEqual([])
        }
        const has = (column: string) => there.has(column)
        const isMissing = (field: string) => look.traits.missing.some((one) => one.field === field)
        if (has('users.id')) expect(isMissing('User.email')).toBe(!has('users.email'))
        if (has('provider_api_keys.id')) {
          expect(isMissing('ProviderKey.endpoint')).toBe(
            !has('provider_api_keys.endpoint_id') && !has('provider_api_keys.provider_id'),
          )
        }
      }),
      { numRuns: 300 },
    )
  })

  describe('on a real PostgreSQL', () => {
    let client: pg.Client
    let url: string
    let count = 0
    beforeAll(async () => {
      url = freshDatabase('empty')
      client = new pg.Client(url)
      await client.connect()
    })
    afterAll(() => client.end())

    it('is read by every statement, and null columns have the values of columns that are not there', async () => {
      await fc.assert(
        fc.asyncProperty(between(INDISPENSABLE), async (columns) => {
          count += 1
          const schema = `draw_${count}`
          const tables = [...tablesOf(columns)].map(([table, own]) => {
            const types = [...own].map(([column, type]) => `${column} ${type === 'enum' ? 'varchar' : type}`)
            const row = own.has('id') ? `INSERT INTO ${schema}.${table} (id) VALUES ('x');` : ''
            return `CREATE TABLE ${schema}.${table} (${types.join(', ')}); ${row}`
          })
          await client.query(`CREATE SCHEMA ${schema}; ${tables.join(' ')}`)
          const database = createPgDatabase({ url: `${url}?schema=${schema}`, poolSize: 1 })
          try {
            const looks = createAetherLooks(database)
            const store = createGatewayStore(database, looks)
            const directory = createAdminDirectory(database, looks)
            const ids = ['x', 'y']
            const [user] = await store.users(ids)
            expect(user).toEqual({
              id: 'x',
              username: 'x',
              email: null,
              role: 'user',
              isActive: true,
              isDeleted: false,
            })
            expect(await store.apiKeys(ids)).toMatchObject([
              { id: 'x', userId: '', name: null, isActive: true },
            ])
            expect(await store.providers(ids)).toEqual([
              { id: 'x', name: 'x', displayName: 'x', isActive: true },
            ])
            for (const key of await store.providerKeys(ids)) {
              expect(key).toMatchObject({
                id: 'x',
                endpointId: null,
                authType: 'api_key',
                rateMultiplier: 1,
                rateMultipliers: [],
                apiFormats: null,
                cacheTtlMinutes: 5,
                openBreakers: [],
                isCircuitOpen: false,
              })
            }
            for (const endpoint of await store.endpoints(ids)) {
              expect(endpoint).toEqual({
                id: 'x',
                providerId: '',
                apiFormat: null,
                baseUrl: '',
                isActive: true,
              })
            }
            for (const model of await store.globalModels(ids)) expect(model.displayName).toBe('x')
            expect(await store.apiKeysOfUsers(ids)).toEqual([])
            expect(await store.apiKeysWithOwners(ids)).toMatchObject([{ owner: null }])
            await store.apiKeysWithSiblings(ids)
            await store.servingModels(ids)
            await store.globalModelsNamed(ids)
            await store.namesOfGlobalModels(ids)
            await store.schedulingModes()
            expect(await store.usersNamed('x')).toHaveLength(1)
            await store.idsNamed('x')
            expect(await directory.holderOf('x', null)).toMatchObject({
              account: { isActive: false, passwordHash: null },
            })
            await directory.findByName('x')
            await directory.sampleHash()
            await looks.run(({ storedKeys }) => storedKeys())
          } finally {
            await database.close()
            await client.query(`DROP SCHEMA ${schema} CASCADE`)
          }
        }),
        { numRuns: 30 },
      )
    }, 60_000)
  })
})
