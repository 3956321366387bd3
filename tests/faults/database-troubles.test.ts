/** A PostgreSQL that answers, but is full, busy, incomplete or slow. */
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { clear, clearDocument, countKeys, FIXTURE_AFFINITIES, seen } from '../api/clearing.js'
import { startTestApp } from '../support/app.js'
import { measured } from '../support/figures.js'
import { fixtureSql } from '../support/fixtures.js'
import { quickTable, slowTable } from '../support/odd-table.js'
import { promptly } from '../support/promptly.js'
import { startPostgres } from '../support/servers/postgres.js'
import { PROVIDER, startBehindProxy } from './behind-proxy.js'

const provider = { providerId: PROVIDER }
const NOTHING_DONE = { __typename: 'UnavailableError', code: 'DATABASE_UNAVAILABLE', clearedCount: 0 }
/** Connections of the service at most. */
const POOL_SIZE = 10
const SEARCH = '{ affinities(search: "bob") { totalCount } }'

describe('a PostgreSQL that has no connection left', () => {
  it('is DATABASE_UNAVAILABLE within 2 s, lists go on without names, and it recovers when others disconnect', async () => {
    const postgres = await startPostgres({
      settings: { max_connections: '20', superuser_reserved_connections: '0' },
    })
    onTestFinished(() => postgres.stop())
    const databaseUrl = postgres.createDatabase('gateway')
    const { schema, data } = fixtureSql()
    postgres.psql(databaseUrl, schema)
    postgres.psql(databaseUrl, data)
    const { service } = await startBehindProxy({ env: { DATABASE_URL: databaseUrl } })
    await seen(service, '', FIXTURE_AFFINITIES)

    // Ours are ended first, as a restart of PostgreSQL would.
    await sql(
      databaseUrl,
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL',
    )
    const others: pg.Client[] = []
    const leave = () => Promise.allSettled(others.splice(0).map((client) => client.end()))
    onTestFinished(async () => void (await leave()))
    for (let free = true; free; ) {
      const client = new pg.Client(databaseUrl)
      client.on('error', () => {})
      free = await client.connect().then(
        () => others.push(client) > 0,
        () => false,
      )
    }

    const refused = await measured('PostgreSQL has no connection left: a search', () =>
      promptly(() => service.query(SEARCH)),
    )
    expect(refused.errors).toMatchObject([{ extensions: { code: 'DATABASE_UNAVAILABLE' } }])
    expect(await promptly(() => clear(service, 'clearProviderCache', provider))).toMatchObject(NOTHING_DONE)
    const page = await promptly(() =>
      service.query('{ affinities(first: 1000) { totalCount nodes { provider { name } } } }'),
    )
    expect(page.data.affinities.totalCount).toBe(FIXTURE_AFFINITIES)
    expect(page.errors).toMatchObject([{ extensions: { code: 'DATABASE_UNAVAILABLE' } }])

    await leave()
    await expect.poll(async () => (await service.query(SEARCH)).errors).toEqual([])
  }, 40_000)
})

describe('a connection pool to PostgreSQL that is used up', () => {
  /** As many as the pool has, by far. */
  const SEARCHES = 60

  it('is OVERLOADED for those that find no turn in time; other queries go on, no clear is half done, and all recovers', async () => {
    const { service, client } = await startBehindProxy({ records: 20 })
    const { databaseUrl } = service
    // Until PostgreSQL ends the statements, after 5 s.
    await slowTable(databaseUrl, 'users', 30)
    const searches = Array.from({ length: SEARCHES }, (_, n) =>
      service.query(`{ affinities(search: "nobody-${n}") { totalCount } }`),
    )
    const looking = async () =>
      (await sql(databaseUrl, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length
    await expect.poll(looking).toBe(POOL_SIZE)

    // Static token, live index: no connection needed.
    const list = await measured('our pool is exhausted: a list without names', () =>
      promptly(() => service.query('{ affinities { totalCount nodes { id } } }')),
    )
    expect([list.errors, list.data.affinities.totalCount]).toEqual([[], 20])
    expect(await looking()).toBe(POOL_SIZE)
    const refused = await measured('our pool is exhausted: a clear', () =>
      promptly(() => service.query(clearDocument('clearProviderCache'), provider)),
    )
    expect(refused.errors).toMatchObject([{ extensions: { code: 'OVERLOADED' } }])
    expect(await countKeys(client, 'cache_affinity:')).toBe(20)

    const codes = (await Promise.all(searches)).map(
      ({ data, errors }) => errors[0]?.extensions['code'] ?? data.affinities.totalCount,
    )
    expect(new Set(codes)).toEqual(new Set(['DATABASE_UNAVAILABLE', 'OVERLOADED']))
    await quickTable(databaseUrl, 'users')
    expect((await service.query(SEARCH)).errors).toEqual([])
    expect(await sql(databaseUrl, 'SELECT 1 FROM audit_logs')).toEqual([])
    expect(await clear(service, 'clearProviderCache', provider)).toMatchObject({ clearedCount: 20 })
  })
})

describe('a PostgreSQL without the audit table', () => {
  it('lets no clear run until the table is back', async () => {
    const { service, client } = await startBehindProxy({ records: 20 })
    const { databaseUrl } = service
    await sql(databaseUrl, 'ALTER TABLE audit_logs RENAME TO audit_logs_away')
    const answer = await measured('the audit table is missing: a clear', () =>
      promptly(() => clear(service, 'clearProviderCache', provider)),
    )
    expect(answer).toMatchObject(NOTHING_DONE)
    expect(await countKeys(client, 'cache_affinity:')).toBe(20)
    expect((await service.query('{ affinities { totalCount } }')).data).toEqual({
      affinities: { totalCount: 20 },
    })
    expect((await service.query('{ auditEvents { totalCount } }')).errors).toHaveLength(1)
    await sql(databaseUrl, 'ALTER TABLE audit_logs_away RENAME TO audit_logs')
    expect(await clear(service, 'clearProviderCache', provider)).toMatchObject({ clearedCount: 20 })
  })
})

describe('a PostgreSQL that is slow', () => {
  it('delays only the requests that need it', async () => {
    const service = await startTestApp()
    onTestFinished(() => service.close())
    await slowTable(service.databaseUrl, 'users', 1)
    let isDone = false
    const search = measured('each look at users takes 1 s: a search', () => service.query(SEARCH)).then(
      (answer) => {
        isDone = true
        return answer
      },
    )
    const quick = await service.query(
      '{ affinities(first: 1000) { totalCount nodes { provider { name } } } }',
    )
    expect([quick.errors, quick.data.affinities.totalCount, isDone]).toEqual([[], FIXTURE_AFFINITIES, false])
    expect((await search).errors).toEqual([])
    await quickTable(service.databaseUrl, 'users')
  })
})
