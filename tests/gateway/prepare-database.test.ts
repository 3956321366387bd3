import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { createGatewayStore } from '../../src/gateway/aether/aether-gateway.js'
import { makeTables, requireTables } from '../../src/gateway/aether/schema/aether-schema.js'
import { createPgDatabase, createPgliteDatabase, type Database } from '../../src/postgres/database.js'
import { startTestApp } from '../support/app.js'
import { dump, psql } from '../support/servers/postgres.js'
import { freshDatabase } from '../support/servers/shared.js'

const closing = <T extends Database>(database: T): T => {
  onTestFinished(() => database.close())
  return database
}
const connect = (url: string) => closing(createPgDatabase({ url }))

const statements: string[] = []
const watched = (database: Database): Database => {
  statements.length = 0
  database.onQuery((sql) => statements.push(sql))
  return database
}

async function problemsOf(preparing: Promise<unknown>): Promise<readonly string[]> {
  const error = await preparing.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ConfigurationError)
  return error instanceof ConfigurationError ? error.problems : []
}

/** The nine tables as pg_dump prints them, without comments and without our own record of migrations. */
const tablesOf = (url: string): string[] =>
  dump(url, '--schema-only', '--no-owner', '--exclude-table=_prisma_migrations')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('--'))

describe('beside a gateway', () => {
  test('an empty database is refused with what to do, and stays empty', async () => {
    const url = freshDatabase('empty')
    const before = dump(url)
    const database = watched(connect(url))
    expect(await problemsOf(requireTables(database))).toEqual([
      expect.stringMatching(
        /has no tables in the schema "public".*Start the gateway once.*DATABASE_URL.*\?schema=NAME.*set none of/,
      ),
    ])
    expect(dump(url)).toBe(before)
    expect(statements).toEqual([expect.stringMatching(/^\s*SELECT/)])
  })

  test('the service does not start on one', async () => {
    await expect(startTestApp({ database: 'empty', redis: 'empty' })).rejects.toMatchObject({
      problems: [expect.stringContaining('has no tables in the schema "public"')],
    })
  })

  test('tables that this service made are not changed either', async () => {
    const url = freshDatabase('empty')
    await makeTables(connect(url))
    const before = dump(url)
    await requireTables(connect(url))
    expect(dump(url)).toBe(before)
  })
})

describe('an empty PostgreSQL', () => {
  test('gets exactly the tables that a gateway makes', async () => {
    const url = freshDatabase('empty')
    expect(await makeTables(connect(url))).toBe('migrated')
    expect(tablesOf(url)).toEqual(tablesOf(freshDatabase('schema')))
    expect(tablesOf(url).filter((line) => line.startsWith('CREATE TABLE'))).toHaveLength(9)
  })

  test('is not migrated a second time', async () => {
    const url = freshDatabase('empty')
    await makeTables(connect(url))
    const before = dump(url)
    expect(await makeTables(connect(url))).toBe('unchanged')
    expect(dump(url)).toBe(before)
  })

  test('is migrated by one of several processes that start at once, and all of them can use it', async () => {
    const url = freshDatabase('empty')
    const databases = Array.from({ length: 5 }, () => connect(url))
    const outcomes = await Promise.all(databases.map(makeTables))
    expect(outcomes.toSorted()).toEqual(['migrated', 'unchanged', 'unchanged', 'unchanged', 'unchanged'])
    expect(await Promise.all(databases.map(({ prisma }) => prisma.user.count()))).toEqual([0, 0, 0, 0, 0])
  })

  test('holds no advisory lock afterwards', async () => {
    const url = freshDatabase('empty')
    await makeTables(connect(url))
    expect(
      psql(
        url,
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
      ).trim(),
    ).toBe('0')
  })

  test('stays empty when a migration fails half-way', async () => {
    const url = freshDatabase('empty')
    // The migration's second statement meets a type that is there already.
    psql(url, "CREATE TYPE providerbillingtype AS ENUM ('other')")
    const before = dump(url)
    const [problem] = await problemsOf(makeTables(connect(url)))
    expect(problem).toContain('providerbillingtype')
    expect(problem).toContain('Nothing was changed.')
    expect(dump(url)).toBe(before)
  })

  test('whose user may not create tables is a clear error', async () => {
    const url = freshDatabase('empty')
    const role = `reader_${process.pid}`
    psql(url, `CREATE ROLE ${role} LOGIN`)
    const [problem] = await problemsOf(makeTables(connect(url.replace('postgres@', `${role}@`))))
    expect(problem).toContain('permission denied')
    expect(problem).toContain('Nothing was changed')
  })

  test.each(['gateway', 'ReadinessGate-Way', 'the old, one\\'])(
    'can hold the tables in another schema, named in the URL: %s',
    async (name) => {
      const url = freshDatabase('empty')
      psql(url, `CREATE SCHEMA "${name.replaceAll('"', '""')}"`)
      const database = connect(`${url}?schema=${encodeURIComponent(name)}`)
      expect(await makeTables(database)).toBe('migrated')
      expect(await database.prisma.apiKey.count()).toBe(0)
      // Statements that name no schema.
      expect((await createGatewayStore(database).idsNamed('bob')).affinityKey?.size).toBe(0)
      expect(psql(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").trim()).toBe('0')
      expect(await makeTables(database)).toBe('unchanged')
    },
  )
})

describe("a gateway's own database", () => {
  test('is left exactly as it is', async () => {
    const url = freshDatabase('fixtures')
    const before = dump(url)
    const database = watched(connect(url))
    expect(await makeTables(database)).toBe('unchanged')
    expect(dump(url)).toBe(before)
    expect(statements).toHaveLength(1)
    expect(statements[0]).toMatch(/^\s*SELECT/)
  })

  test('may have more tables and more columns than affinityql knows', async () => {
    const url = freshDatabase('schema')
    psql(url, 'CREATE TABLE announcements (id int); ALTER TABLE users ADD COLUMN ldap_dn text')
    expect(await makeTables(connect(url))).toBe('unchanged')
  })

  test('may be read by a user without rights on every table: that is no missing table', async () => {
    const url = freshDatabase('schema')
    const role = `stranger_${process.pid}`
    psql(url, `CREATE ROLE ${role} LOGIN`)
    expect(await makeTables(connect(url.replace('postgres@', `${role}@`)))).toBe('unchanged')
  })

  test.each(['users', 'api_keys', 'providers'])('that lacks the table %s is refused', async (table) => {
    const url = freshDatabase('schema')
    psql(url, `DROP TABLE ${table} CASCADE; DROP TABLE system_configs`)
    const before = dump(url)
    const problems = await problemsOf(makeTables(connect(url)))
    expect(problems.slice(0, 2)).toEqual([
      'The schema "public" is neither empty nor a gateway\'s, so nothing was changed in it.',
      `The table "${table}" is missing.`,
    ])
    expect(problems).toContain('Gateway.schedulingMode needs system_configs.key and system_configs.value.')
    expect(dump(url)).toBe(before)
  })

  test('that lacks the ids of its users is refused, and says which field misses what', async () => {
    const url = freshDatabase('schema')
    psql(url, 'ALTER TABLE users DROP COLUMN id CASCADE; ALTER TABLE api_keys DROP COLUMN name')
    // This schema has no rows of usage either.
    const problems = (await problemsOf(makeTables(connect(url)))).filter((text) => !text.includes(' usage.'))
    expect(problems.slice(1)).toEqual([
      'The column "users"."id" is missing.',
      'User needs users.id.',
      'ApiKey.name needs api_keys.name.',
      'login needs users.id.',
    ])
  })

  test('whose columns have other types that can be read is taken, and read', async () => {
    const url = freshDatabase('fixtures')
    psql(
      url,
      `ALTER TABLE users ALTER COLUMN username TYPE text, ALTER COLUMN allowed_models TYPE jsonb,
         ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'UTC';
       ALTER TABLE provider_api_keys ALTER COLUMN cache_ttl_minutes TYPE bigint, ALTER COLUMN rate_multiplier TYPE numeric;`,
    )
    const database = connect(url)
    expect(await makeTables(database)).toBe('unchanged')
    const user = await database.prisma.user.findFirstOrThrow({ where: { username: 'root' } })
    expect(user.createdAt.toISOString()).toBe('2026-06-01T00:00:00.000Z')
    const { id } = await database.prisma.providerKey.findFirstOrThrow({ select: { id: true } })
    const [key] = await createGatewayStore(database).providerKeys([id])
    expect(key?.cacheTtlMinutes).toBeTypeOf('number')
    expect(key?.rateMultiplier).toBeTypeOf('number')
  })
})

test("another application's database is refused, and not changed", async () => {
  const url = freshDatabase('empty')
  psql(url, 'CREATE TABLE orders (id int primary key); INSERT INTO orders VALUES (1)')
  const before = dump(url)
  const problems = await problemsOf(makeTables(connect(url)))
  expect(problems.slice(0, 4)).toEqual([
    'The schema "public" is neither empty nor a gateway\'s, so nothing was changed in it.',
    'The table "users" is missing.',
    'The table "api_keys" is missing.',
    'The table "providers" is missing.',
  ])
  expect(dump(url)).toBe(before)
})

test("another Prisma application's database is not taken for one of ours", async () => {
  const url = freshDatabase('empty')
  const record =
    'CREATE TABLE _prisma_migrations (migration_name text, finished_at timestamptz, rolled_back_at timestamptz)'
  psql(url, `${record}; INSERT INTO _prisma_migrations VALUES ('20200101000000_orders', now(), NULL)`)
  const before = dump(url)
  expect(await problemsOf(makeTables(connect(url)))).toContain('The table "users" is missing.')
  expect(dump(url)).toBe(before)
})

describe('PGlite', () => {
  test('in memory is migrated and can be used', async () => {
    const database = closing(createPgliteDatabase())
    expect(await makeTables(database)).toBe('migrated')
    expect(await database.prisma.user.count()).toBe(0)
    expect(await makeTables(database)).toBe('unchanged')
  })

  test('kept in a directory is migrated once and keeps its rows', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'affinityql-pglite-'))
    onTestFinished(() => rmSync(parent, { recursive: true, force: true }))
    const dataDir = join(parent, 'data', 'database')
    const first = createPgliteDatabase({ dataDir })
    expect(await makeTables(first)).toBe('migrated')
    const now = new Date('2026-11-22T12:00:00.123Z')
    const row = { id: 'one', key: 'scheduling_mode', value: 'fixed_order', createdAt: now, updatedAt: now }
    await first.prisma.systemConfig.create({ data: row })
    await first.close()

    const second = closing(createPgliteDatabase({ dataDir }))
    expect(await makeTables(second)).toBe('unchanged')
    expect(await second.prisma.systemConfig.findMany()).toEqual([{ ...row, description: null }])
  })
})
