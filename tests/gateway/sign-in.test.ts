import pg from 'pg'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { databaseUnavailable } from '../../src/errors.js'
import { createAetherGateway, createAetherLooks } from '../../src/gateway/aether/aether-gateway.js'
import { createAdminDirectory } from '../../src/gateway/aether/sign-in.js'
import { createPgDatabase } from '../../src/postgres/database.js'
import { startTestApp } from '../support/app.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { gatewayDatabase } from '../support/generations.js'
import { freshDatabase } from '../support/servers/shared.js'

afterEach(() => void vi.useRealTimers())

function directoryOf(url: string) {
  const database = createPgDatabase({ url })
  const statements: string[] = []
  database.onQuery((sql) => statements.push(sql))
  onTestFinished(() => database.close())
  return { directory: createAdminDirectory(database, createAetherLooks(database)), statements }
}

async function sql(url: string, text: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(text).finally(() => client.end())
}

const SESSIONS = `CREATE TABLE user_sessions (id text, user_id text, client_device_id text,
  expires_at timestamptz, revoked_at timestamptz)`

it.each([
  ['ENDPOINT_KEYS', () => freshDatabase('schema')],
  ['PROVIDER_KEYS', () => gatewayDatabase('provider-keys', 'schema')],
  ['PROCESS_MEMORY', () => gatewayDatabase('process-memory', 'schema')],
])('tells that the gateway is one of %s', async (generation, database) => {
  expect(await directoryOf(database()).directory.generation()).toBe(generation)
})

it('sees that the gateway was upgraded when the service does, by one look a minute', async () => {
  const url = freshDatabase('fixtures')
  const database = createPgDatabase({ url })
  onTestFinished(() => database.close())
  const { directory, schema, watch, traits } = createAetherGateway(database, { encryptionKey: 'x' })
  await schema.inspect()
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const changes: string[] = []
  onTestFinished(watch(({ generation }) => void changes.push(generation)))
  const session = async () => (await directory.holderOf(FIXTURE_ADMIN.id, 'one')).session
  expect(await session()).toBeUndefined()
  await sql(
    url,
    `${SESSIONS}; INSERT INTO user_sessions VALUES ('one', '${FIXTURE_ADMIN.id}', 'mine', '2099-01-01', NULL);
     ALTER TABLE provider_api_keys DROP endpoint_id CASCADE`,
  )
  const statements: string[] = []
  database.onQuery((text) => statements.push(text))
  vi.advanceTimersByTime(59_000)
  expect([await session(), await directory.generation(), traits().generation]).toEqual([
    undefined,
    'ENDPOINT_KEYS',
    'ENDPOINT_KEYS',
  ])
  vi.advanceTimersByTime(2_000)
  await vi.waitFor(() => expect(changes).toEqual(['PROVIDER_KEYS']))
  expect(await directory.generation()).toBe('PROVIDER_KEYS')
  expect(await session()).toEqual({ deviceId: 'mine', expiresAt: new Date('2099-01-01'), isRevoked: false })
  expect((await directory.holderOf(FIXTURE_ADMIN.id, 'two')).session).toBeNull()
  expect((await directory.holderOf(FIXTURE_ADMIN.id, null)).session).toBeNull()
  expect(statements.filter((text) => text.includes('pg_attribute'))).toHaveLength(1)
})

it('looks again at once if it may no longer read a table', async () => {
  const url = new URL(freshDatabase('fixtures'))
  await sql(
    url.href,
    `${SESSIONS}; CREATE ROLE sees_sessions LOGIN; GRANT SELECT ON users, user_sessions TO sees_sessions`,
  )
  const owner = url.href
  url.username = 'sees_sessions'
  const { directory } = directoryOf(url.href)
  expect(await directory.unreadable()).toEqual([])
  await directory.holderOf(FIXTURE_ADMIN.id, 'one')
  await sql(owner, 'REVOKE SELECT ON user_sessions FROM sees_sessions')
  expect(await directory.holderOf(FIXTURE_ADMIN.id, 'one')).toMatchObject({
    account: { username: 'root' },
    session: null,
  })
  expect(await directory.unreadable()).toEqual(['user_sessions'])
})

it('looks again at once if a table that it knew is gone', async () => {
  const url = freshDatabase('fixtures')
  await sql(url, SESSIONS)
  const { directory } = directoryOf(url)
  expect((await directory.holderOf(FIXTURE_ADMIN.id, 'one')).session).toBeNull()
  await sql(url, 'DROP TABLE user_sessions')
  expect(await directory.holderOf(FIXTURE_ADMIN.id, 'one')).toMatchObject({
    account: { username: 'root' },
    session: undefined,
  })
})

describe('sessions that cannot be read', () => {
  it.each([
    ['because a column is missing', 'ALTER TABLE user_sessions DROP COLUMN revoked_at', 'postgres'],
    [
      'because the role may not',
      'CREATE ROLE blind_to_sessions LOGIN; GRANT SELECT ON users TO blind_to_sessions',
      'blind_to_sessions',
    ],
  ])('are no sessions, %s, and who signs in here still may', async (_, change, role) => {
    const url = new URL(freshDatabase('fixtures'))
    await sql(url.href, `${SESSIONS}; ${change}`)
    url.username = role
    const { directory } = directoryOf(url.href)
    expect(await directory.holderOf(FIXTURE_ADMIN.id, 'one')).toMatchObject({
      account: { username: 'root' },
      session: null,
    })
    expect(await directory.findManagementToken('x')).toBeNull()
    expect(await directory.unreadable()).toEqual(['user_sessions'])
  })
})

it('are told of in the log, once at the start', async () => {
  const databaseUrl = gatewayDatabase('provider-keys', 'schema')
  await sql(databaseUrl, 'ALTER TABLE management_tokens DROP COLUMN allowed_ips')
  const service = await startTestApp({ databaseUrl, redis: 'empty' })
  await service.close()
  expect(service.logs.filter(({ msg }) => String(msg).startsWith('tokens of the gateway'))).toMatchObject([
    { level: 40, tables: ['management_tokens'] },
  ])
})

describe('a management token', () => {
  const TOKENS = `CREATE TABLE management_tokens (id text, user_id text, token_hash text, is_active boolean,
    expires_at timestamptz, allowed_ips json, permissions json);
    INSERT INTO management_tokens VALUES ('t', '${FIXTURE_ADMIN.id}', 'hash', true, NULL`

  it('of a Python gateway counts only while it is switched on there', async () => {
    const url = freshDatabase('fixtures')
    await sql(url, `${TOKENS}, NULL, NULL); ALTER TABLE management_tokens DROP permissions`)
    const { directory } = directoryOf(url)
    expect(await directory.findManagementToken('hash')).toBeNull()
    const set = (value: string) =>
      sql(
        url,
        `DELETE FROM system_configs WHERE key LIKE 'module.%'; INSERT INTO system_configs (id, key, value, created_at, updated_at)
         VALUES ('switch', 'module.management_tokens.enabled', '${value}', now(), now())`,
      )
    for (const off of ['false', '"true"', 'null', '1']) {
      await set(off)
      expect(await directory.findManagementToken('hash'), off).toBeNull()
    }
    await set('true')
    expect(await directory.findManagementToken('hash')).toMatchObject({
      owner: { username: 'root' },
      allowedIps: null,
      permissions: null,
    })
  })

  it.each([
    ['NULL, NULL', null, []],
    ["'null', 'null'", null, []],
    [`'["10.0.0.0/8", 7]', '["admin:monitoring:read", null]'`, ['10.0.0.0/8'], ['admin:monitoring:read']],
    [`'"10.0.0.0/8"', '{"admin:monitoring:read": true}'`, [], []],
  ])('with %s as addresses and rights has no more than it says', async (columns, allowedIps, permissions) => {
    const url = freshDatabase('fixtures')
    await sql(
      url,
      `${TOKENS}, ${columns}); CREATE TABLE routing_groups (id text); ALTER TABLE provider_api_keys DROP endpoint_id CASCADE`,
    )
    const { directory } = directoryOf(url)
    expect(await directory.findManagementToken('hash')).toMatchObject({ allowedIps, permissions })
  })
})

it('takes the email of one account before the username of another', async () => {
  const url = freshDatabase('fixtures')
  await sql(url, "UPDATE users SET username = 'root@example.com' WHERE username = 'alice'")
  const { directory } = directoryOf(url)
  expect(await directory.findByName('root@example.com')).toMatchObject({ username: 'root' })
  expect(await directory.findByName('root')).toMatchObject({ email: 'root@example.com' })
  expect(await directory.findByName("' OR true --")).toBeNull()
})

it('takes no hash of an account that has none as a sample', async () => {
  const url = freshDatabase('fixtures')
  await sql(url, 'ALTER TABLE users ALTER password_hash DROP NOT NULL; UPDATE users SET password_hash = NULL')
  const { directory } = directoryOf(url)
  expect(await directory.sampleHash()).toBeUndefined()
  expect(await directory.findByName('root')).toMatchObject({ passwordHash: null })
})

it('does not look again while the database is away', async () => {
  let asked = 0
  const query = async () => {
    asked += 1
    throw databaseUnavailable(new Error('ECONNREFUSED'))
  }
  const directory = createAdminDirectory({ query }, createAetherLooks({ query, schemaName: 'public' }))
  await expect(directory.holderOf('x', null)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
  expect(asked).toBe(1)
})
