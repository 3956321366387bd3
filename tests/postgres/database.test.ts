import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { createPgDatabase, createPgliteDatabase } from '../../src/postgres/database.js'
import { boundStatements } from '../../src/postgres/read-timeout.js'
import { freshPglite } from '../support/servers/pglite.js'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase } from '../support/servers/shared.js'

const temporaryDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'affinityql-pglite-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const connect = (options: Parameters<typeof createPgDatabase>[0]) => {
  const database = createPgDatabase(options)
  onTestFinished(() => database.close())
  return database
}

test('nothing connects before the first use', async () => {
  const url = freshDatabase('schema')
  const database = connect({ url })
  const sessions = () =>
    psql(
      url,
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'affinityql' AND datname = current_database()",
    ).trim()
  expect(sessions()).toBe('0')
  await database.ping()
  expect(sessions()).toBe('1')
})

test('every statement is told, without its parameters, also those of a transaction', async () => {
  const database = connect({ url: freshDatabase('fixtures') })
  const told: { sql: string; durationMs: number }[] = []
  const stop = database.onQuery((sql, durationMs) => told.push({ sql, durationMs }))
  await database.prisma.user.findMany({ where: { email: 'root@example.com' } })
  expect(told).toHaveLength(1)
  expect(told[0]?.sql).toContain('FROM "public"."users"')
  expect(told[0]?.sql).not.toContain('root@example.com')
  expect(told[0]?.durationMs).toBeGreaterThan(0)

  told.length = 0
  await database.prisma.$transaction([database.prisma.user.count(), database.prisma.provider.count()])
  expect(told.filter(({ sql }) => sql.startsWith('SELECT'))).toHaveLength(2)

  told.length = 0
  await expect(database.prisma.$queryRaw`SELECT nonsense`).rejects.toThrow()
  expect(told).toHaveLength(1)

  stop()
  told.length = 0
  await database.prisma.user.count()
  expect(told).toHaveLength(0)
})

test('times are right in a database of another time zone', async () => {
  const url = freshDatabase('fixtures')
  psql(url, `ALTER DATABASE "${new URL(url).pathname.slice(1)}" SET TimeZone = 'Asia/Shanghai'`)
  const { prisma } = connect({ url })
  const user = await prisma.user.findFirstOrThrow({ where: { username: 'root' } })
  expect(user.createdAt.toISOString()).toBe('2026-06-01T00:00:00.000Z')
  const at = new Date('2026-11-22T12:34:56.789Z')
  await prisma.auditLog.create({
    data: { id: 'one', eventType: 'request_success', description: 'd', createdAt: at },
  })
  expect(psql(url, "SELECT created_at AT TIME ZONE 'UTC' FROM audit_logs WHERE id = 'one'").trim()).toBe(
    '2026-11-22 12:34:56.789',
  )
})

test('lists of texts arrive as they are, whatever the texts hold', async () => {
  const odd = ['', ' ', '"', '\\', '\\"', 'NULL', '{}', ',', '{"a","b"}', "'", '日本', 'a\nb\tc', '\u{1F600}']
  const long = Array.from({ length: 1_500 }, (_, n) => `${odd[n % odd.length]}${n}`)
  const database = connect({ url: freshDatabase('schema') })
  for (const list of [[], odd, long, long]) {
    expect(await database.query('SELECT unnest($1::text[])', [list])).toEqual(list.map((text) => [text]))
  }
})

test('a statement without an answer fails in time, and its session is closed', async () => {
  const pool = new pg.Pool({ connectionString: freshDatabase('schema'), max: 1, query_timeout: 200 })
  pool.on('error', () => {})
  onTestFinished(() => pool.end())
  boundStatements(pool, 150)
  const session = async () => (await pool.query('SELECT pg_backend_pid() AS id')).rows[0].id
  const before = await session()
  expect(await session()).toBe(before)
  await expect(pool.query({ text: 'SELECT pg_sleep($1)', values: [9] })).rejects.toThrow('Query read timeout')
  await expect(pool.query('SELECT nonsense')).rejects.toThrow('column "nonsense" does not exist')
  expect(await session()).not.toBe(before)
  // Statements of a transaction have the driver's time-out.
  const client = await pool.connect()
  await expect(client.query('SELECT pg_sleep(9)')).rejects.toThrow('Query read timeout')
  client.release(true)
})

test('settings in the URL are kept beside ours', async () => {
  const url = `${freshDatabase('schema')}?options=-c%20enable_seqscan%3Doff`
  const { prisma } = connect({ url })
  expect(await prisma.$queryRaw`SHOW enable_seqscan`).toEqual([{ enable_seqscan: 'off' }])
  expect(await prisma.$queryRaw`SHOW TimeZone`).toEqual([{ TimeZone: 'UTC' }])
  expect(await prisma.$queryRaw`SHOW statement_timeout`).toEqual([{ statement_timeout: '5s' }])
})

test('PGlite answers pings, tells of statements and speaks UTC', async () => {
  const database = createPgliteDatabase({ dataDir: await freshPglite() })
  onTestFinished(() => database.close())
  const told: string[] = []
  database.onQuery((sql) => told.push(sql))
  await database.ping()
  expect(await database.prisma.$queryRaw`SHOW TimeZone`).toEqual([{ TimeZone: 'UTC' }])
  expect(told).toEqual(['SHOW TimeZone'])
})

test('a database that was never used can be closed, and closed twice', async () => {
  const dataDir = join(temporaryDirectory(), 'database')
  for (const database of [
    createPgliteDatabase({ dataDir }),
    createPgDatabase({ url: 'postgresql://127.0.0.1:1/none' }),
  ]) {
    await database.close()
    await database.close()
  }
})

test('what PGlite cannot open is told as the directory that it is, not as a server that is away', async () => {
  const file = join(temporaryDirectory(), 'a-file')
  writeFileSync(file, '')
  const damaged = temporaryDirectory()
  writeFileSync(join(damaged, 'PG_VERSION'), 'not a version\n')
  for (const [dataDir, says] of [
    [file, 'cannot be used (EEXIST'],
    [join(file, 'below'), 'cannot be used (ENOTDIR'],
    [damaged, 'cannot be opened: it is damaged'],
  ] as const) {
    const database = createPgliteDatabase({ dataDir })
    const error = await database.ping().catch((reason: unknown) => reason)
    await database.close()
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(String(error)).toContain(dataDir)
    expect(String(error)).toContain(says)
    expect(existsSync(`${dataDir}.lock`)).toBe(false)
  }
})

test("PGlite's directory cannot be opened twice at once, by this process or another", async () => {
  const dataDir = await freshPglite()
  const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore' })
  onTestFinished(() => void other.kill())
  await once(other, 'spawn')
  const refusal = async () => {
    const database = createPgliteDatabase({ dataDir })
    const error = await database.ping().catch((reason: unknown) => reason)
    await database.close()
    expect(error).toBeInstanceOf(ConfigurationError)
    return String(error)
  }
  writeFileSync(`${dataDir}.lock`, `${other.pid}\n`)
  expect(await refusal()).toContain(`in use by process ${other.pid}`)

  // The lock of a process that is gone is taken over.
  other.kill('SIGKILL')
  await once(other, 'exit')
  const first = createPgliteDatabase({ dataDir })
  await first.ping()
  expect(await refusal()).toContain(`in use by process ${process.pid}`)
  await first.close()

  // So is one of a process that had our id before us, as happens in containers.
  writeFileSync(`${dataDir}.lock`, `${process.pid} 1\n`)
  const second = createPgliteDatabase({ dataDir })
  await second.ping()
  await second.close()
  expect(existsSync(`${dataDir}.lock`)).toBe(false)
})

test('a URL that is none is refused without showing it', () => {
  const url = 'postgresql//admin:canary@host'
  expect(() => createPgDatabase({ url })).toThrow(ConfigurationError)
  expect(() => createPgDatabase({ url })).not.toThrow(/canary/)
})
