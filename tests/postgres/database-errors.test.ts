import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ConfigurationError, OverloadedError, UnavailableError } from '../../src/errors.js'
import { makeTables } from '../../src/gateway/aether/schema/aether-schema.js'
import {
  createPgDatabase,
  createPgliteDatabase,
  type Database,
  type PgDatabaseOptions,
} from '../../src/postgres/database.js'
import { toDomainError } from '../../src/postgres/database-errors.js'
import { fixtureSql } from '../support/fixtures.js'
import { PROMPT_MS } from '../support/promptly.js'
import { freshPglite } from '../support/servers/pglite.js'
import { type PostgresServer, startPostgres } from '../support/servers/postgres.js'

let server: PostgresServer
let url: string

beforeAll(async () => {
  server = await startPostgres({ settings: { max_connections: '15', superuser_reserved_connections: '3' } })
  url = server.createDatabase('gateway')
  server.psql(url, fixtureSql().schema)
  server.psql(
    url,
    'CREATE ROLE service LOGIN; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO service',
  )
  url = url.replace('postgres@', 'service@')
})
afterAll(() => server.stop())

const connect = (options: Partial<PgDatabaseOptions> = {}): Database => {
  const database = createPgDatabase({ url, ...options })
  onTestFinished(() => database.close())
  return database
}

interface Failure {
  readonly error: unknown
  readonly afterMs: number
}

async function failureOf(work: () => Promise<unknown>): Promise<Failure> {
  const start = performance.now()
  try {
    await work()
  } catch (error) {
    return { error: toDomainError(error), afterMs: performance.now() - start }
  }
  throw new Error('It did not fail.')
}

function expectOverloaded({ error }: Failure): void {
  expect(error).toBeInstanceOf(OverloadedError)
  expect(error).toMatchObject({ code: 'OVERLOADED', retryAfterSeconds: 1 })
}

function expectUnavailable({ error }: Failure): void {
  expect(error).toBeInstanceOf(UnavailableError)
  expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE', cause: expect.anything() })
}

/** Every way in which a store asks. */
const asking = (database: Database): [string, () => Promise<unknown>][] => [
  ['a query', () => database.prisma.user.findMany()],
  ['raw SQL', () => database.prisma.$queryRaw`SELECT 1`],
  [
    'a batch',
    () => database.prisma.$transaction([database.prisma.user.count(), database.prisma.apiKey.count()]),
  ],
  ['a transaction', () => database.prisma.$transaction((transaction) => transaction.user.count())],
  ['a write', () => database.prisma.auditLog.create({ data: auditRow() })],
  ['a ping', () => database.ping()],
]

const auditRow = () => ({
  id: crypto.randomUUID(),
  eventType: 'request_success',
  description: 'cache_clear_all via affinityql',
  createdAt: new Date(),
})

async function eventually(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await work()
      return
    } catch (error) {
      if (attempt === 200) throw error
      await sleep(50)
    }
  }
}

describe('a PostgreSQL that was stopped', () => {
  test('is unavailable at once to a service that was connected, and back when it is back', async () => {
    const lost: Error[] = []
    const database = connect({ onError: (error) => lost.push(error) })
    await Promise.all(asking(database).map(([, ask]) => ask()))
    await server.kill()
    try {
      for (const [, ask] of asking(database)) {
        const failure = await failureOf(ask)
        expectUnavailable(failure)
        expect(failure.afterMs).toBeLessThan(PROMPT_MS)
      }
    } finally {
      await server.restart()
    }
    expect(lost.length).toBeGreaterThan(0)
    for (const [, ask] of asking(database)) await eventually(ask)
  })

  test('is unavailable to one that was never connected', async () => {
    await server.kill()
    try {
      const database = connect()
      for (const [, ask] of asking(database)) expectUnavailable(await failureOf(ask))
      expectUnavailable(await failureOf(() => makeTables(database)))
    } finally {
      await server.restart()
    }
  })

  test('in the midst of a statement is unavailable', async () => {
    const database = connect()
    const failing = failureOf(() => database.prisma.$queryRaw`SELECT pg_sleep(4)::text`)
    const inTransaction = failureOf(() =>
      database.prisma.$transaction((transaction) => transaction.$queryRaw`SELECT pg_sleep(4)::text`),
    )
    await eventually(async () => {
      const count = server
        .psql(server.url, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'")
        .trim()
      expect(count).toBe('2')
    })
    await server.kill()
    await server.restart()
    expectUnavailable(await failing)
    expectUnavailable(await inTransaction)
    await eventually(() => database.prisma.user.count())
  })
})

describe('a PostgreSQL that hangs (SIGSTOP)', () => {
  beforeEach(() => {
    onTestFinished(() => server.resume())
  })

  test('is given up after the time to connect by a service that was never connected', async () => {
    const database = connect()
    server.pause()
    const failure = await failureOf(() => database.prisma.user.count())
    expectUnavailable(failure)
    expect(failure.afterMs).toBeGreaterThan(1_400)
    expect(failure.afterMs).toBeLessThan(PROMPT_MS)
  })

  test('is given up long before the statement time-out by one that was connected, and is back when it goes on', async () => {
    const database = connect({ statementTimeoutMs: 60_000 })
    for (const [, ask] of asking(database)) await ask()
    server.pause()
    for (const [, ask] of asking(database)) {
      const failure = await failureOf(ask)
      expectUnavailable(failure)
      expect(failure.afterMs).toBeLessThan(PROMPT_MS)
    }
    server.resume()
    for (const [, ask] of asking(database)) await eventually(ask)
  })

  test('does not hold up the end of the process', async () => {
    const database = createPgDatabase({ url, statementTimeoutMs: 2_600 })
    await database.ping()
    const pending = database.prisma.$queryRaw`SELECT pg_sleep(60)::text`.catch(() => {})
    await sleep(100)
    server.pause()
    const start = performance.now()
    await database.close()
    expect(performance.now() - start).toBeLessThan(PROMPT_MS)
    await pending
  })
})

describe('a PostgreSQL that is too busy', () => {
  test('cancels a statement that takes too long: unavailable', async () => {
    const database = connect({ statementTimeoutMs: 200 })
    const failure = await failureOf(() => database.prisma.$queryRaw`SELECT pg_sleep(60)::text`)
    expectUnavailable(failure)
    expect(failure.afterMs).toBeLessThan(PROMPT_MS)
  })

  test('with a table locked by another session: unavailable after the statement time-out', async () => {
    const locker = createPgDatabase({ url: url.replace('service@', 'postgres@') })
    const database = connect({ statementTimeoutMs: 300 })
    try {
      await locker.prisma.$transaction(async (transaction) => {
        await transaction.$executeRaw`LOCK TABLE audit_logs IN ACCESS EXCLUSIVE MODE`
        expectUnavailable(await failureOf(() => database.prisma.auditLog.create({ data: auditRow() })))
      })
    } finally {
      await locker.close()
    }
  })

  test('our pool is exhausted: overloaded after the time to wait for a turn, and a ping has a connection of its own', async () => {
    const database = connect({ poolSize: 1, turnTimeoutMs: 300 })
    await database.ping()
    const slow = database.prisma.$queryRaw`SELECT pg_sleep(1)::text`.then(() => 'done')
    const failing = failureOf(() => database.prisma.user.count())
    await database.ping()
    expectOverloaded(await failing)
    expect(await slow).toBe('done')
  })

  test('a burst in one turn of the event loop does not wait for longer than the time to wait for a turn', async () => {
    const database = connect({ poolSize: 1, turnTimeoutMs: 300 })
    await database.ping()
    const slow = database.prisma.$queryRaw`SELECT pg_sleep(1)::text`.then(() => 'done')
    const counts = [1, 2, 3].map(() => failureOf(() => database.prisma.user.count()))
    for (const failure of await Promise.all(counts)) {
      expectOverloaded(failure)
      expect(failure.afterMs).toBeLessThan(900)
    }
    expect(await slow).toBe('done')
  })

  test('our pool is exhausted for a moment: a statement waits for its turn', async () => {
    const database = connect({ poolSize: 1, turnTimeoutMs: 5_000 })
    const order: string[] = []
    const slow = database.prisma.$queryRaw`SELECT pg_sleep(0.3)::text`.then(() => order.push('slow'))
    await Promise.all([slow, database.prisma.user.count().then(() => order.push('next'))])
    expect(order).toEqual(['slow', 'next'])
  })

  test('has no connection left: unavailable', async () => {
    const crowd = connect({ poolSize: 12 })
    const holding = Array.from({ length: 12 }, () => crowd.prisma.$queryRaw`SELECT pg_sleep(1)::text`)
    await eventually(async () => expectUnavailable(await failureOf(() => connect().prisma.user.count())))
    await Promise.allSettled(holding)
  })
})

describe('a PostgreSQL that refuses', () => {
  test.each([
    ['a database that does not exist', () => url.replace('/gateway', '/nowhere')],
    ['a user that does not exist', () => url.replace('service@', 'nobody_here@')],
    ['a host that does not exist', () => 'postgresql://gateway.invalid/gateway'],
    ['a server without TLS where TLS is asked for', () => `${url}?sslmode=verify-full`],
  ])('%s: unavailable', async (_, badUrl) => {
    expectUnavailable(await failureOf(() => connect({ url: badUrl() }).prisma.user.count()))
  })

  test('is no PostgreSQL at all, but something that hangs up: unavailable', async () => {
    const hangingUp = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => hangingUp.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void hangingUp.close())
    const address = hangingUp.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expectUnavailable(
      await failureOf(() => connect({ url: `postgresql://127.0.0.1:${port}/x` }).prisma.user.count()),
    )
  })
})

describe('what is not the database being away comes back as it is', () => {
  test('a violated constraint', async () => {
    const row = auditRow()
    const { prisma } = connect()
    await prisma.auditLog.create({ data: row })
    const { error } = await failureOf(() => prisma.auditLog.create({ data: row }))
    expect(error).toMatchObject({ code: 'P2002' })
  })

  test('wrong SQL, a missing right, a wrong argument', async () => {
    const { prisma } = connect()
    for (const work of [
      () => prisma.$queryRaw`SELEKT 1`,
      () => prisma.user.deleteMany(),
      () => prisma.user.findUniqueOrThrow({ where: { id: 'nobody' } }),
      () => prisma.auditLog.create({ data: { ...auditRow(), userId: 'nobody' } }),
    ]) {
      const { error } = await failureOf(work)
      expect(error).toBeInstanceOf(Error)
      expect(error).not.toBeInstanceOf(UnavailableError)
    }
  })

  test('our own errors, and things that are no errors', () => {
    const unavailable = new UnavailableError('OUTCOME_UNKNOWN', 'x', { cause: { code: 'ECONNREFUSED' } })
    expect(toDomainError(unavailable)).toBe(unavailable)
    const configuration = new ConfigurationError(['x'])
    expect(toDomainError(configuration)).toBe(configuration)
    for (const thing of [undefined, null, 'ECONNREFUSED', 57]) expect(toDomainError(thing)).toBe(thing)
  })

  test('an error that is its own cause does not loop', () => {
    const error = new Error('x')
    error.cause = error
    expect(toDomainError(error)).toBe(error)
  })
})

test('a PGlite that was closed is unavailable', async () => {
  const database = createPgliteDatabase({ dataDir: await freshPglite() })
  await database.ping()
  await database.close()
  expectUnavailable(await failureOf(() => database.prisma.$queryRaw`SELECT 1`))
})
