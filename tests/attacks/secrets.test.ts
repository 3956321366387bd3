import { readFileSync } from 'node:fs'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { FIXTURE_ADMIN, loadFixtures } from '../support/fixtures.js'
import { brokenTable, wholeTable } from '../support/odd-table.js'
import { psql } from '../support/servers/postgres.js'
import { type RedisServer, startRedis } from '../support/servers/redis.js'
import { freshDatabase } from '../support/servers/shared.js'
import { CANARIES, CANARY_ENVIRONMENT, plantCanaries, secretsIn } from './canaries.js'
import { ALL_FIELDS, fullDocument } from './every-field.js'
import { ROOT_FIELDS } from './root-fields.js'
import { beginningOf, openEvents, post, type RawRequest, send } from './support.js'

const token = CANARIES.staticToken

let service: TestApp
let redis: RedisServer
let databaseUrl: string
let encryptedKey: string
const answers: string[] = []
beforeAll(async () => {
  redis = await startRedis({ args: ['--requirepass', CANARIES.cachePassword] })
  const redisUrl = redis.url.replace('//', `//:${CANARIES.cachePassword}@`)
  await loadFixtures({ redisUrl })
  const url = new URL(freshDatabase())
  databaseUrl = url.href
  const usage = readFileSync(new URL('../fixtures/endpoint-keys/usage-schema.sql', import.meta.url), 'utf8')
  await sql(databaseUrl, usage.replaceAll('public.', ''))
  url.password = CANARIES.databasePassword
  service = await startTestApp({
    redis: 'empty',
    env: {
      DATABASE_URL: url.href,
      REDIS_URL: redisUrl,
      ...CANARY_ENVIRONMENT,
    },
  })
  encryptedKey = plantCanaries(databaseUrl)
})
afterAll(async () => {
  await service.close()
  await redis.stop()
})

async function ask(request: RawRequest): Promise<string> {
  const reply = await send(service.app, request)
  const text = `${reply.status} ${JSON.stringify([...reply.headers])} ${reply.text}`
  answers.push(text)
  return text
}

const query = (document: string, variables?: object): RawRequest => ({
  token,
  body: JSON.stringify({ query: document, variables }),
})

const EVERYTHING = `{ viewer { name user { id } } affinities(first: 1000) { nodes {
  apiKey { id name maskedKey } user { id username email apiKeys { maskedKey } }
  provider { id name displayName } endpoint { id baseUrl }
  providerKey { id name maskedKey endpoint { provider { name } } } model { name } staleReasons
} } }`
/** Arguments that need a certain value. No clear really runs, since later tests need the records. */
const GIVEN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Query.affinities': { first: '200' },
  'Query.auditEvents': { first: '200' },
  'Query.requestIntervals': { filter: '{ userId: "nobody" }' },
  'Query.userAffinities': { identifier: '"alice"' },
  'Mutation.login': { email: `"${FIXTURE_ADMIN.email}"`, password: `"${CANARIES.password}"` },
  'Mutation.clearUserCache': { identifier: '"alice"', dryRun: 'true' },
  'Mutation.clearAllCache': { dryRun: 'true' },
  'Mutation.clearAllModelMappingCache': { dryRun: 'true' },
  'Mutation.clearAffinities': { filter: '{ stale: true }', dryRun: 'true' },
}
const LOGIN =
  'mutation($e: String!, $p: String!) { login(email: $e, password: $p) { ... on Session { expiresAt } ... on InvalidCredentialsError { message } } }'
const jwt = (secret: string, claims: object = {}) =>
  new SignJWT({
    user_id: FIXTURE_ADMIN.id,
    type: 'access',
    exp: Math.floor(Date.now() / 1_000) + 60,
    ...claims,
  })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret))

/** A stream of events that has begun; gives it up to its first event. */
async function openStream(document: string): Promise<() => Promise<string>> {
  const response = await openEvents(service.app, { token, body: JSON.stringify({ query: document }) })
  return () => beginningOf(response, (text) => /^data: .*\n/m.test(text))
}

describe('no secret comes out', () => {
  it('of a page with every field: keys are masked, and never as they are stored', async () => {
    const text = await ask(query(EVERYTHING))
    expect(text).toContain('sk-canar********WXYZ')
    expect(text).toContain('ca********')
    expect(secretsIn(text)).toEqual([])
    expect(text).not.toContain(encryptedKey.slice(0, 40))
    expect(text).not.toContain('gAAAA')
  })

  it('of any field of the schema, of other keys in Redis, or of an event', async () => {
    const client = redis.client({ password: CANARIES.cachePassword })
    await client.set('session:canary', CANARIES.unread)
    const pin = {
      provider_id: 'p',
      endpoint_id: 'e',
      key_id: 'k',
      created_at: 1,
      expire_at: 4e9,
      request_count: 1,
    }
    const value = JSON.stringify({ ...pin, secret: CANARIES.unread })
    const [, id] = /"id":"([^"]+)"/.exec(await ask(query('{ affinities(first: 1) { nodes { id } } }'))) ?? []
    await client.set(
      'cache_affinity:cleared:CLAUDE:m',
      JSON.stringify({ ...pin, provider_id: 'cleared' }),
      'EX',
      60,
    )
    await ask(query('{ affinities { totalCount } }'))
    const cleared = await ask(
      query(
        'mutation { clearProviderCache(providerId: "cleared") { ... on ClearPayload { auditEvent { id } } } }',
      ),
    )
    const [, auditEventId] = /"auditEvent":\{"id":"([^"]+)"/.exec(cleared) ?? []
    const given = {
      ...GIVEN,
      'Query.affinity': { id: JSON.stringify(id) },
      'Subscription.clearFollowUp': { auditEventId: JSON.stringify(auditEventId) },
    }
    const asked = new Set<string>()
    const answered = new Set<string>()
    for (const root of ROOT_FIELDS) {
      const { document, fields } = fullDocument(root, Reflect.get(given, root.name))
      for (const field of fields) asked.add(field)
      const stream = root.kind === 'subscription' && (await openStream(document))
      if (stream) await client.set('cache_affinity:canary:CLAUDE:m', value, 'EX', 60)
      // A static token cannot be signed out.
      const whose = root.name === 'Mutation.logout' ? { token: await jwt(CANARIES.jwtSecret) } : {}
      const text = stream ? await stream() : await ask({ ...query(document), ...whose })
      expect(secretsIn(text), root.name).toEqual([])
      expect(text, root.name).toContain('"data"')
      if (!text.includes('"errors"')) answered.add(root.name)
    }
    expect(ALL_FIELDS.filter((field) => !asked.has(field))).toEqual([])
    expect([...answered]).toEqual(ROOT_FIELDS.map(({ name }) => name))
  })

  it('of the schema, in which no field has the name of a secret', async () => {
    const text = await ask(query('{ __schema { types { name fields { name } } } }'))
    expect(text).toContain('maskedKey')
    expect(text).not.toMatch(
      /"(passwordHash|password_hash|keyEncrypted|keyHash|encryptedKey|apiKey\w*Secret|jwt\w*)"/i,
    )
  })

  it.each(['passwordHash', 'password_hash', 'keyEncrypted', 'keyHash', 'api_key', 'key'])(
    'of a field guessed as %s',
    async (field) => {
      const text = await ask(
        query(`{ affinities { nodes { user { ${field} } apiKey { ${field} } providerKey { ${field} } } } }`),
      )
      expect(text).toContain('GRAPHQL_VALIDATION_FAILED')
      expect(secretsIn(text)).toEqual([])
    },
  )

  it('of a search for a secret, since stored keys and hashes are not searched', async () => {
    for (const secret of [
      CANARIES.passwordHash,
      encryptedKey.slice(0, 100),
      'sk-canary1',
      FIXTURE_ADMIN.id,
    ]) {
      await ask(query('query($s: String) { affinities(search: $s, first: 1) { totalCount } }', { s: secret }))
    }
    expect(answers.slice(-4, -1).every((text) => text.includes('"totalCount":0'))).toBe(true)
  })

  it('of refused tokens and logins, right and wrong', async () => {
    await ask({ ...query('{ viewer { name } }'), token: await jwt('another', { note: CANARIES.jwtSecret }) })
    await ask({ ...query('{ viewer { name } }'), token: await jwt(CANARIES.jwtSecret, { type: 'refresh' }) })
    await ask({ ...query('{ viewer { name } }'), token: `${token}x` })
    await ask({ ...query('{ viewer { name } }'), token: await jwt(CANARIES.jwtSecret) })
    await ask({ ...query(LOGIN, { e: 'nobody@example.com', p: CANARIES.password }), token: null })
    await ask({ ...query(LOGIN, { e: FIXTURE_ADMIN.email, p: CANARIES.password }), token: null })
    await ask({ ...query(LOGIN, { e: 'alice1@example.com', p: CANARIES.password }), token: null })
    expect(answers.at(-2)).toContain('expiresAt')
    expect(secretsIn(answers.join())).toEqual([])
  })

  it('of a password as an argument of an operation that fails, is malformed, or is asked for by GET', async () => {
    const literal = `mutation { login(email: 1, password: "${CANARIES.password}") { __typename } }`
    const replies = [
      await send(service.app, query(literal)),
      await send(service.app, { body: `{"query": ${JSON.stringify(literal)}, "variables": {` }),
      await send(service.app, {
        method: 'GET',
        path: `/graphql?${new URLSearchParams({ query: literal })}`,
        headers: {},
      }),
    ]
    for (const { status, text } of replies) expect([status < 500, secretsIn(text)]).toEqual([true, []])
  })

  it('of the metrics with a valid token', async () => {
    const text = await ask({ method: 'GET', path: '/metrics', headers: {}, token })
    expect(text).toContain('affinityql_')
    expect(secretsIn(text)).toEqual([])
  })

  it('of health, of an unknown path and of GraphiQL', async () => {
    for (const path of ['/health', '/health/live', '/health/ready', '/metrics', '/.env', '/graphql']) {
      expect(
        secretsIn(await ask({ method: 'GET', path, headers: { accept: 'text/html' }, token: null })),
      ).toEqual([])
    }
  })

  it('of a database that answers in a way that nobody expects', async () => {
    await brokenTable(databaseUrl, 'provider_api_keys')
    const text = await ask(query(EVERYTHING))
    await wholeTable(databaseUrl, 'provider_api_keys')
    expect(text).toContain('INTERNAL_SERVER_ERROR')
    expect(secretsIn(text)).toEqual([])
  })

  it('of a database that is not there any more', async () => {
    const name = new URL(databaseUrl).pathname.slice(1)
    const admin = new URL(databaseUrl)
    admin.pathname = '/postgres'
    psql(admin.href, `ALTER DATABASE "${name}" ALLOW_CONNECTIONS false`)
    psql(admin.href, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${name}'`)
    psql(admin.href, `ALTER DATABASE "${name}" RENAME TO "${name}_away"`)
    const texts = [
      await ask(query(EVERYTHING)),
      await ask({ ...query('{ viewer { name } }'), token: await jwt(CANARIES.jwtSecret) }),
      await ask({ ...query(LOGIN, { e: 'carol3@example.com', p: CANARIES.password }), token: null }),
      await ask({ method: 'GET', path: '/health/ready', headers: {}, token: null }),
    ]
    psql(admin.href, `ALTER DATABASE "${name}_away" RENAME TO "${name}"`)
    psql(admin.href, `ALTER DATABASE "${name}" ALLOW_CONNECTIONS true`)
    expect(texts[0]).toContain('DATABASE_UNAVAILABLE')
    expect(texts[3]).toContain('503')
    expect(secretsIn(texts.join())).toEqual([])
  })

  it('of a cache that no longer takes the password', async () => {
    const client = redis.client({ password: CANARIES.cachePassword })
    await client.set('cache_affinity:a:CLAUDE:m', CANARIES.providerKey)
    await client.config('SET', 'requirepass', 'changed')
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    const text = await ask(query('{ affinities { totalCount } }'))
    const health = await ask({ method: 'GET', path: '/health/ready', headers: {}, token: null })
    await client.config('SET', 'requirepass', CANARIES.cachePassword)
    expect(text).toContain('CACHE_UNAVAILABLE')
    expect(secretsIn(text + health)).toEqual([])
  })

  it('of a cache that is gone', async () => {
    await redis.kill()
    const texts = [
      await ask(query('{ affinities { totalCount } }')),
      await ask({ ...query('{ viewer { name } }'), token: await jwt(CANARIES.jwtSecret, { jti: 'unseen' }) }),
      await ask({ method: 'GET', path: '/health/ready', headers: {}, token: null }),
    ]
    expect(texts[0]).toContain('CACHE_UNAVAILABLE')
    expect(texts[2]).toContain('503')
    expect(texts[2]).not.toMatch(/127\.0\.0\.1|localhost|:\d{4,5}\b|ECONN|redis|postgres|error|version/i)
    expect(secretsIn(texts.join())).toEqual([])
  })

  it('of the rows of the audit, which tell of sign-ins and clears, done and refused', () => {
    const rows = psql(databaseUrl, 'SELECT row_to_json(audit_logs) FROM audit_logs')
    for (const told of ['cache_clear_all', 'admin_login', 'request_success', 'request_failed'])
      expect(rows).toContain(told)
    expect(secretsIn(rows)).toEqual([])
    expect(rows).not.toMatch(/Bearer|eyJ[\w-]+\.[\w-]+\.|\$2[aby]\$|gAAAA/)
  })

  it('of the log after all these attacks, although it reports them', () => {
    const log = JSON.stringify(service.logs)
    expect(log).toContain('unexpected error')
    expect(log).toMatch(/connection|store lost|ECONNREFUSED|ECONNRESET/)
    expect(secretsIn(log)).toEqual([])
    expect(log).not.toMatch(/Bearer \S|eyJ[\w-]+\.[\w-]+\.|\$2[aby]\$|gAAAA/)
  })

  it('of a start that fails', async () => {
    const url = new URL(databaseUrl)
    url.password = CANARIES.databasePassword
    url.port = '1'
    const failures = await Promise.all(
      [
        { DATABASE_URL: url.href },
        { DATABASE_URL: `mysql://root:${CANARIES.databasePassword}@127.0.0.1/db` },
        { REDIS_URL: `redis://:${CANARIES.cachePassword}@127.0.0.1:1` },
        { REDIS_URL: `http://:${CANARIES.cachePassword}@127.0.0.1:1` },
        { ADMIN_TOKENS: `canary:root:${token}` },
        { ADMIN_TOKENS: token },
      ].map((env) =>
        startTestApp({ database: 'empty', redis: 'empty', env }).then(
          () => 'started',
          (error: Error) => `${error.message}\n${error.stack}\n${JSON.stringify(error)}`,
        ),
      ),
    )
    expect(failures).not.toContain('started')
    expect(secretsIn(failures.join())).toEqual([])
  })
})

describe('with a wrong encryption key', () => {
  it('every masked key is null, without an error, and no ciphertext is shown', async () => {
    const wrong = await startTestApp({ env: { ENCRYPTION_KEY: 'not-the-key' } })
    try {
      const { text } = await post(wrong.app, EVERYTHING)
      const { data, errors } = JSON.parse(text)
      const keys = data.affinities.nodes.flatMap((node: Record<string, { maskedKey: unknown } | null>) =>
        [node['apiKey'], node['providerKey']].flatMap((key) => (key ? [key.maskedKey] : [])),
      )
      expect(errors).toBeUndefined()
      expect(keys.length).toBeGreaterThan(100)
      expect(new Set(keys)).toEqual(new Set([null]))
    } finally {
      await wrong.close()
    }
  })
})
