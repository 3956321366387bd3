import { randomUUID } from 'node:crypto'
import { getLogs } from '@prisma/debug'
import { expect, it, onTestFinished } from 'vitest'
import { createPgDatabase } from '../../src/postgres/database.js'
import { startPgBouncer } from '../support/servers/pgbouncer.js'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase } from '../support/servers/shared.js'

/** How often each plan that the session keeps has been used. */
const KEPT = 'SELECT statement, (generic_plans + custom_plans)::int FROM pg_prepared_statements'
const NAMES = 'SELECT username FROM users WHERE id = ANY($1) ORDER BY username'

function openDatabase(url = freshDatabase('fixtures'), poolSize = 1) {
  const database = createPgDatabase({ url, poolSize })
  onTestFinished(() => database.close())
  return { database, url }
}

it('plans a statement once in a session, however often it runs', async () => {
  const { database, url } = openDatabase()
  const [id = ''] = psql(url, 'SELECT id FROM users LIMIT 1').split('\n')
  for (let run = 0; run < 7; run += 1) {
    expect(await database.query(NAMES, [[id]], 'kept')).toHaveLength(1)
  }
  expect(await database.query(KEPT, [])).toEqual([[NAMES, 7]])
})

it('plans anew what has very many arguments, and what was not said to be kept', async () => {
  const { database } = openDatabase()
  await database.query(NAMES, [Array.from({ length: 2_001 }, String)], 'kept')
  await database.query(NAMES, [['1']])
  await database.prisma.auditLog.count()
  expect(await database.query(KEPT, [])).toEqual([])
})

it('answers after a column has got another type, and keeps the next plan', async () => {
  const { database, url } = openDatabase()
  psql(url, "CREATE TABLE made_up (id text, value int); INSERT INTO made_up VALUES ('a', 1)")
  const read = () => database.query('SELECT value FROM made_up WHERE id = ANY($1)', [['a']], 'kept')
  expect(await read()).toEqual([[1]])
  psql(url, 'ALTER TABLE made_up ALTER value TYPE text')
  expect(await read()).toEqual([['1']])
  expect(await read()).toEqual([['1']])
  // The pool has left the session whose statement failed; the next one knows nothing of the old plan.
  expect((await database.query(KEPT, [])).map(([, uses]) => uses)).toEqual([1])
})

it('fails as it would without a name, where a statement is wrong', async () => {
  const { database } = openDatabase()
  for (let run = 0; run < 2; run += 1) {
    await expect(database.query('SELECT nothing FROM users', [], 'kept')).rejects.toThrow(
      /ColumnNotFound|nothing/,
    )
  }
})

it('answers through a pooler that hands each transaction to another session', async () => {
  const url = freshDatabase('fixtures')
  const role = new URL(url).pathname.slice(1).replace('test', 'kept')
  psql(
    url,
    `CREATE ROLE ${role} LOGIN; GRANT SELECT ON users TO ${role};
     ALTER ROLE ${role} SET statement_timeout = '5s'; ALTER ROLE ${role} SET lock_timeout = '1s'`,
  )
  const pooled = await startPgBouncer(url.replace('//postgres@', `//${role}@`))
  const { database } = openDatabase(pooled, 5)
  // As many at a time as the service has connections, which is more than PgBouncer has sessions.
  const ids = psql(url, 'SELECT id FROM users LIMIT 5').trim().split('\n')
  const statements: string[] = []
  database.onQuery((sql) => statements.push(sql))
  const ask = async (id: string) =>
    database.query('SELECT id, pg_sleep(0.01)::text FROM users WHERE id = ANY($1)', [[id]], 'kept')
  for (let round = 0; round < 3; round += 1) {
    const answers = await Promise.all(ids.map(ask))
    expect(answers.map(([row]) => row?.[0])).toEqual(ids)
  }
  // Once it is known that names are lost, nothing runs twice any more.
  statements.length = 0
  await Promise.all(ids.map(ask))
  expect(statements).toHaveLength(ids.length)
})

it.each([['kept'], [undefined]] as const)(
  'keeps no argument of a statement that has run: plan %s',
  async (plan) => {
    const { database } = openDatabase()
    const secret = randomUUID()
    await database.query(NAMES, [[secret]], plan)
    await expect(database.query('SELECT nothing FROM users WHERE id = $1', [secret], plan)).rejects.toThrow()
    // What the adapter has noted of its last statements.
    expect(getLogs()).toContain(NAMES)
    expect(getLogs()).not.toContain(secret)
  },
)
