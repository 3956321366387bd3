import { expect, onTestFinished, test, vi } from 'vitest'
import { OperationTimeoutError } from '../../src/errors.js'
import { createPgDatabase, createPgliteDatabase } from '../../src/postgres/database.js'
import { freshPglite } from '../support/servers/pglite.js'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase } from '../support/servers/shared.js'

const connect = (url: string, poolSize = 2) => {
  const database = createPgDatabase({ url, poolSize })
  onTestFinished(() => database.close())
  return database
}
const WAIT = { timeout: 30_000, interval: 50 }
const SLEEP = 'SELECT pg_sleep(600)::text'
const sleeping = (url: string) =>
  psql(
    url,
    `SELECT count(*) FROM pg_stat_activity WHERE query = '${SLEEP}' AND state = 'active' AND datname = current_database()`,
  ).trim()

test('a long read has its own time-out and settings, and cannot write', async () => {
  const database = connect(freshDatabase('schema'))
  const read = (sql: string, args: string[] = []) => database.readLong({ sql, args, timeoutMs: 61_000 })
  expect(
    await read(
      `SELECT current_setting('statement_timeout'), current_setting('max_parallel_workers_per_gather'),
         current_setting('transaction_read_only'), $1::text`,
      ['given'],
    ),
  ).toEqual([['61s', '0', 'on', 'given']])
  await expect(read('DELETE FROM users RETURNING id')).rejects.toThrow(/read-only/)
  // Its settings were for its transaction alone.
  expect(await database.query("SELECT current_setting('statement_timeout')", [])).toEqual([['5s']])
})

test('a long read that takes too long is ended by the server', async () => {
  const url = freshDatabase('schema')
  const database = connect(url)
  await expect(database.readLong({ sql: SLEEP, args: [], timeoutMs: 50 })).rejects.toBeInstanceOf(
    OperationTimeoutError,
  )
  await vi.waitFor(() => expect(sleeping(url)).toBe('0'), WAIT)
})

test('the server ends a long read that nobody waits for, and its connection serves again', async () => {
  const url = freshDatabase('schema')
  const database = connect(url, 1)
  const stop = new AbortController()
  const reading = database.readLong({ sql: SLEEP, args: [], timeoutMs: 600_000, signal: stop.signal })
  const ended = expect(reading).rejects.toThrow('nobody waits')
  await vi.waitFor(() => expect(sleeping(url)).toBe('1'), WAIT)
  stop.abort(new Error('nobody waits'))
  await ended
  expect(sleeping(url)).toBe('0')
  expect(await database.readLong({ sql: 'SELECT 1::float8', args: [], timeoutMs: 5_000 })).toEqual([[1]])
})

test('a long read that nobody waits for any more does not begin', async () => {
  const database = connect(freshDatabase('schema'))
  const told: string[] = []
  database.onQuery((sql) => told.push(sql))
  const signal = AbortSignal.abort(new Error('gone'))
  await expect(database.readLong({ sql: SLEEP, args: [], timeoutMs: 5_000, signal })).rejects.toThrow('gone')
  expect(told).toEqual([])
})

test('the database in this process runs them as well', async () => {
  const database = createPgliteDatabase({ dataDir: await freshPglite() })
  onTestFinished(() => database.close())
  const sql = "SELECT current_setting('max_parallel_workers_per_gather'), $1::text[]::text"
  expect(await database.readLong({ sql, args: [['a', 'b']], timeoutMs: 5_000 })).toEqual([['0', '{a,b}']])
  await expect(database.readLong({ sql: 'SELECT nothing', args: [], timeoutMs: 5_000 })).rejects.toThrow()
  expect(await database.query('SELECT 1', [])).toEqual([[1]])
}, 240_000)
