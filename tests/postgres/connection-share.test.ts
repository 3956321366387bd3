import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { shareOf } from '../../src/postgres/connection-share.js'
import { createPgDatabase } from '../../src/postgres/database.js'
import { type PostgresServer, startPostgres } from '../support/servers/postgres.js'

let server: PostgresServer
let url: string

beforeAll(async () => {
  server = await startPostgres()
  url = server.createDatabase('gateway')
  server.psql(url, 'CREATE ROLE few LOGIN CONNECTION LIMIT 5')
})
afterAll(() => server.stop())

test.each([
  // wanted statements, the role's limit, connections, statements
  [10, null, 11, 10],
  [10, 100, 11, 10],
  [10, 12, 9, 8],
  [10, 5, 3, 2],
  [10, 2, 1, 1],
  [10, 1, 1, 1],
  [2, 20, 3, 2],
])(
  'of %d statements and a role limit of %s: %d connections, %d statements',
  (size, limit, connections, statements) => {
    expect(shareOf(size, limit)).toEqual({ connections, statements, roleLimit: limit })
  },
)

test('a role with a connection limit is never exceeded, and leaves connections to others', async () => {
  const database = createPgDatabase({ url: url.replace('postgres@', 'few@') })
  onTestFinished(() => database.close())
  expect(await database.obeyRole()).toEqual({ connections: 3, statements: 2, roleLimit: 5 })
  const asked = Array.from({ length: 30 }, () => database.query('SELECT pg_sleep(0.02)::text', []))
  await Promise.all([...asked, database.ping()])
  const open = server.psql(url, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'few'")
  expect(Number(open)).toBeLessThanOrEqual(3)
})

test('a superuser is held to no limit', async () => {
  const database = createPgDatabase({ url })
  onTestFinished(() => database.close())
  expect(await database.obeyRole()).toEqual({ connections: 11, statements: 10, roleLimit: null })
})
