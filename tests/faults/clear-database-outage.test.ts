import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../src/server/http/http-server.js'
import { sql } from '../api/affinity-model.js'
import { clear, clearDocument, countKeys, seen } from '../api/clearing.js'
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../support/app.js'
import { FIXTURE_ADMIN, fixtureSql } from '../support/fixtures.js'
import { promptly } from '../support/promptly.js'
import { temporaryDirectory } from '../support/servers/child.js'
import { type PostgresServer, startPostgres } from '../support/servers/postgres.js'
import { PROVIDER, startBehindProxy } from './behind-proxy.js'

const FAMILY = 'cache_affinity:'
const provider = { providerId: PROVIDER }
const NOTHING_DONE = {
  __typename: 'UnavailableError',
  code: 'DATABASE_UNAVAILABLE',
  clearedCount: 0,
  message: expect.stringContaining('nothing was done'),
}

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
  const url = postgres.createDatabase('gateway')
  const { schema, data } = fixtureSql()
  postgres.psql(url, schema)
  postgres.psql(url, data)
})
afterAll(() => postgres.stop())

let databases = 0
/** A database on a PostgreSQL that a test may stop. */
const database = (): string => postgres.createDatabase(`copy_${databases++}`, 'gateway')

const rowsOf = ({ databaseUrl }: { readonly databaseUrl: string }) =>
  sql(databaseUrl, 'SELECT * FROM audit_logs ORDER BY created_at, id')

const start = async (records: number, databaseUrl = database(), env = {}) => {
  const spool = join(temporaryDirectory('spool'), 'audit')
  const behind = await startBehindProxy({
    records,
    env: { DATABASE_URL: databaseUrl, AUDIT_SPOOL_DIR: spool, ...env },
  })
  const spooled = () => (existsSync(spool) ? readdirSync(spool) : [])
  return { ...behind, databaseUrl, spool, spooled }
}

describe('nothing is cleared without an audit row', () => {
  const expectNothingDone = async (service: TestApp, count: () => Promise<number>, records: number) => {
    for (const [name, args] of [
      ['clearProviderCache', provider],
      ['clearAllCache', { confirm: true }],
      [
        'clearSingleAffinity',
        { affinityKey: 'a-1', endpointId: 'e-1', modelId: 'gpt-5', apiFormat: 'OPENAI' },
      ],
      ['clearUserCache', { identifier: 'bob', dryRun: true }],
    ] as const) {
      expect(await clear(service, name, args), name).toMatchObject(NOTHING_DONE)
    }
    expect(await count()).toBe(records)
  }

  it('while PostgreSQL is stopped, and clears work again when it is back', async () => {
    const { service, client, databaseUrl, spooled } = await start(20)
    await postgres.kill()
    await promptly(() => expectNothingDone(service, () => countKeys(client, FAMILY), 20))
    await postgres.restart()
    expect(await rowsOf({ databaseUrl })).toEqual([])
    expect(await clear(service, 'clearProviderCache', provider)).toMatchObject({ clearedCount: 20 })
    expect(spooled()).toEqual([])
  })

  it('when PostgreSQL hangs: each call is refused in 2 s, and every later one at once', async () => {
    const { service, client, databaseUrl } = await start(20)
    await clear(service, 'clearProviderCache', { providerId: 'x' })
    postgres.pause()
    onTestFinished(() => postgres.resume())
    await promptly(() => expectNothingDone(service, () => countKeys(client, FAMILY), 20))
    postgres.resume()
    await expect
      .poll(async () => (await clear(service, 'clearProviderCache', provider)).__typename)
      .toBe('ClearProviderCachePayload')
    expect(await countKeys(client, FAMILY)).toBe(0)
    // What hung was an intent of a clear that did not run: it may stand there, and claims no success.
    for (const row of (await rowsOf({ databaseUrl })).slice(1, -1))
      expect(row['event_type']).toBe('request_failed')
  })

  it('while another client has locked the table', async () => {
    const { service, client, databaseUrl } = await start(20)
    const locker = new pg.Client(databaseUrl)
    await locker.connect()
    await locker.query('BEGIN; LOCK TABLE audit_logs IN ACCESS EXCLUSIVE MODE')
    // Other queries go on meanwhile.
    const clearing = promptly(() => clear(service, 'clearProviderCache', provider))
    const others = await promptly(() => service.query('{ affinities { totalCount nodes { user { id } } } }'))
    expect(others.errors).toEqual([])
    expect(await clearing).toMatchObject(NOTHING_DONE)
    expect(await countKeys(client, FAMILY)).toBe(20)
    await locker.query('ROLLBACK')
    await locker.end()
    expect(await rowsOf({ databaseUrl })).toEqual([])
    expect(await clear(service, 'clearProviderCache', provider)).toMatchObject({ clearedCount: 20 })
  })

  it('when our account may not write there, which the log tells and the client is not told', async () => {
    const databaseUrl = database()
    const account = `limited_${databases}`
    await sql(databaseUrl, `CREATE ROLE ${account} LOGIN`)
    await sql(databaseUrl, `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${account}`)
    const limited = new URL(databaseUrl)
    limited.username = account
    const { service, client } = await start(20, limited.href)
    const answer = await clear(service, 'clearProviderCache', provider)
    expect(answer).toMatchObject(NOTHING_DONE)
    expect(answer.message).not.toMatch(/permission|audit_logs/)
    expect(JSON.stringify(service.logs)).toContain('permission denied for table audit_logs')
    expect(await countKeys(client, FAMILY)).toBe(20)
  })

  it('while a constraint of the table refuses the row', async () => {
    const { service, client, databaseUrl } = await start(20)
    await sql(databaseUrl, 'ALTER TABLE audit_logs ADD CONSTRAINT nothing_more CHECK (false) NOT VALID')
    expect(await clear(service, 'clearProviderCache', provider)).toMatchObject(NOTHING_DONE)
    expect(await countKeys(client, FAMILY)).toBe(20)
  })

  it('and nobody can sign in', async () => {
    const { service, databaseUrl } = await start(0)
    await sql(databaseUrl, 'ALTER TABLE audit_logs ADD CONSTRAINT nothing_more CHECK (false) NOT VALID')
    const { data, errors } = await service.query(
      'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { ... on Session { token } } }',
      { email: FIXTURE_ADMIN.email, password: FIXTURE_ADMIN.password },
      { token: null },
    )
    expect(data).toBeNull()
    expect(errors).toMatchObject([{ extensions: { code: 'DATABASE_UNAVAILABLE' } }])
  })
})

describe('an outcome that the database does not take', () => {
  const document = clearDocument('clearProviderCache')

  it('is in the answer and on disk, and is written when the table is back', async () => {
    const { service, client, proxy, databaseUrl, spool, spooled } = await start(20)
    proxy.onCommand(['unlink', 'removal'], async () => {
      await sql(databaseUrl, 'ALTER TABLE audit_logs RENAME TO audit_logs_away')
    })
    const { data, errors, extensions } = await service.query(document, provider)
    expect(errors).toEqual([])
    expect(data.clearProviderCache).toMatchObject({
      clearedCount: 20,
      auditEvent: { success: true, metadata: { result: { clearedCount: 20 } } },
    })
    expect(extensions).toMatchObject({
      audit: { spooled: true, message: expect.stringContaining('on disk') },
    })
    expect(await countKeys(client, FAMILY)).toBe(0)
    const { id } = data.clearProviderCache.auditEvent
    expect(spooled()).toEqual([`${id}.json`])
    expect(readFileSync(join(spool, `${id}.json`), 'utf8')).toContain('"clearedCount":20')

    await sql(databaseUrl, 'ALTER TABLE audit_logs_away RENAME TO audit_logs')
    expect(await rowsOf({ databaseUrl })).toMatchObject([{ id, event_type: 'request_failed' }])
    // The spool tries to write its outcomes every 5 s.
    await expect.poll(spooled).toEqual([])
    expect(await rowsOf({ databaseUrl })).toMatchObject([
      {
        id,
        event_type: 'request_success',
        status_code: 200,
        event_metadata: { result: { clearedCount: 20 } },
      },
    ])
  })

  it('survives the end of the process, and the next one writes it at its start', async () => {
    const { service, proxy, databaseUrl, spool, spooled } = await start(20)
    proxy.onCommand(['unlink', 'removal'], () => postgres.kill())
    const { data, extensions } = await service.query(document, provider)
    expect(data.clearProviderCache).toMatchObject({ clearedCount: 20 })
    expect(extensions).toMatchObject({ audit: { spooled: true } })
    const { id } = data.clearProviderCache.auditEvent
    await service.app.close()
    await postgres.restart()
    expect(spooled()).toEqual([`${id}.json`])

    const next = await startTestApp({
      redis: 'empty',
      env: { DATABASE_URL: databaseUrl, AUDIT_SPOOL_DIR: spool },
    })
    onTestFinished(() => next.close())
    expect(spooled()).toEqual([])
    expect(await rowsOf({ databaseUrl })).toMatchObject([{ id, event_type: 'request_success' }])
    // Written before it looked for open intents: there is none.
    expect(next.logs.filter(({ msg }) => String(msg).includes('without an outcome'))).toEqual([])
  })

  it('of a failed clear is kept as well', async () => {
    const { service, redis, proxy, databaseUrl, spooled } = await start(20)
    proxy.onCommand(['unlink', 'removal'], async () => {
      await sql(databaseUrl, 'ALTER TABLE audit_logs RENAME TO audit_logs_away')
      await redis.kill()
    })
    const { data, extensions } = await service.query(document, provider)
    expect(data.clearProviderCache).toMatchObject({ code: 'OUTCOME_UNKNOWN', clearedCount: 0 })
    expect(extensions).toMatchObject({ audit: { spooled: true } })
    expect(spooled()).toHaveLength(1)
  })

  it('is not mentioned in an ordinary answer', async () => {
    const { service } = await start(1)
    expect((await service.query(document, provider)).extensions).toBeUndefined()
  })
})

describe('an intent without an outcome', () => {
  it('is not reported by a second instance that starts while the clear still runs, nor by a later one', async () => {
    const { service, proxy, databaseUrl } = await start(20)
    const reports = ({ logs }: TestApp) =>
      logs.filter(({ msg }) => String(msg).includes('without an outcome'))
    let starting: Promise<TestApp> | undefined
    proxy.onCommand(['unlink', 'removal'], async () => {
      starting ??= startTestApp({ redis: 'empty', env: { DATABASE_URL: databaseUrl } })
      await starting
    })
    await clear(service, 'clearProviderCache', provider)
    const second = await starting
    expect(second).toBeDefined()
    await second?.close()
    expect(second && reports(second)).toEqual([])
    const later = await startTestApp({ redis: 'empty', env: { DATABASE_URL: databaseUrl } })
    await later.close()
    expect(reports(later)).toEqual([])
  })
})

describe('a clear is completed', () => {
  const ask = (url: string) =>
    request(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
    })
  const body = JSON.stringify({ query: clearDocument('clearProviderCache'), variables: provider })

  it('when its client disconnects in the middle', async () => {
    const { service, client, proxy, databaseUrl } = await start(1_200)
    const server = await listen(service.app, '127.0.0.1', 0)
    onTestFinished(() => server.close(0))
    const call = ask(server.url)
    call.on('error', () => {})
    let batches = 0
    proxy.onCommand(['unlink', 'removal'], () => {
      batches += 1
      if (batches === 2) call.destroy()
    })
    call.end(body)
    await expect
      .poll(async () => (await rowsOf({ databaseUrl })).map((row) => row['event_type']))
      .toEqual(['request_success'])
    expect(batches).toBeGreaterThanOrEqual(3)
    expect(await countKeys(client, FAMILY)).toBe(0)
  })

  it('when the service is told to stop in the middle, and its client gets the answer', async () => {
    const { service, client, proxy, databaseUrl } = await start(1_200)
    const server = await listen(service.app, '127.0.0.1', 0)
    let stopped: Promise<void> | undefined
    proxy.onCommand(['unlink', 'removal'], () => {
      stopped ??= server.close(5_000)
    })
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
      body,
    })
    expect(await response.json()).toMatchObject({ data: { clearProviderCache: { clearedCount: 1_200 } } })
    await stopped
    expect(await countKeys(client, FAMILY)).toBe(0)
    expect(await rowsOf({ databaseUrl })).toMatchObject([{ event_type: 'request_success' }])
  })

  it('only after both stores are back, if both were down before it', async () => {
    const { service, redis, client } = await start(20)
    await Promise.all([postgres.kill(), redis.kill()])
    expect(await promptly(() => clear(service, 'clearAllCache', { confirm: true }))).toMatchObject(
      NOTHING_DONE,
    )
    await Promise.all([postgres.restart(), redis.restart()])
    await seen(service, '', 20)
    expect(await countKeys(client, FAMILY)).toBe(20)
    expect(await clear(service, 'clearAllCache', { confirm: true })).toMatchObject({ clearedCount: 20 })
  })
})
