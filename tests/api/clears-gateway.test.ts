import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStandIn } from '../../src/demo/stand-in/stand-in.js'
import { listenStandIn, type StandInServer } from '../../src/demo/stand-in/stand-in-server.js'
import { redisStandInStore } from '../../src/demo/stand-in/stand-in-store.js'
import type { Generation } from '../../src/gateway/nodes/gateway-nodes.js'
import { createAccessTokens } from '../../src/session/jwt.js'
import { apiKey, EVERY_RIGHT, TOKEN, target } from '../gateway/nodes/nodes-support.js'
import { againAndAgain } from '../support/again-and-again.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { FIXTURE_ENVIRONMENT } from '../support/fixtures.js'
import { sql } from './affinity-model.js'
import { untilShown } from './shown.js'

const OUTCOME = `__typename
  ... on ClearPayload { clearedCount message warnings { code message } nodes { url ok clearedCount error } auditEvent { id writtenBack metadata } }
  ... on UnavailableError { code message clearedCount nodes { url ok error } }`
const CLEAR_FILTERED = `mutation ($filter: AffinityFilter!, $dryRun: Boolean! = false) { result: clearAffinities(filter: $filter, dryRun: $dryRun) { ${OUTCOME} } }`
const CLEAR_ALL = `mutation { result: clearAllCache(confirm: true) { ${OUTCOME} } }`
const SIGN_IN = `mutation { login(email: "root@example.com", password: "correct horse battery") { ... on Session { token } } }`

const [OLD, NEW] = [target(1), target(2)]
const request = (n: number, model = 'model') => ({ apiKeyId: `api-key-${n}`, apiFormat: 'CLAUDE', model })

/** The service with a gateway of two workers on its Redis. */
async function start(generation: Generation, env: Readonly<Record<string, string>> = {}) {
  const accessTokens = createAccessTokens(FIXTURE_ENVIRONMENT.JWT_SECRET_KEY, { ttlSeconds: 60 })
  const store: { current: ReturnType<typeof redisStandInStore> | undefined } = { current: undefined }
  const later = (): ReturnType<typeof redisStandInStore> => {
    if (!store.current) throw new Error('The cache has not started.')
    return store.current
  }
  const gateway = createStandIn({
    generation,
    store: {
      get: (key) => later().get(key),
      set: (...args) => later().set(...args),
      delete: (keys) => later().delete(keys),
      keys: (prefix) => later().keys(prefix),
    },
    targets: [OLD, NEW],
    apiKeys: Array.from({ length: 10 }, (_, n) => apiKey(n)),
    tokens: [{ token: TOKEN, permissions: generation === 'PROCESS_MEMORY' ? EVERY_RIGHT : null }],
    acceptsAccessToken: async (token) =>
      generation === 'ENDPOINT_KEYS' &&
      (await accessTokens.verify(token).then(
        () => true,
        () => false,
      )),
  })
  const server = await listenStandIn(gateway)
  const service = await startTestApp({
    redis: 'empty',
    env: { GATEWAY_URLS: server.url, CLEAR_GUARD_SECONDS: '1', ...env },
    generation: () => generation,
  })
  store.current = redisStandInStore(service.redis.client())
  return { gateway, server, service }
}

const clearsAt = ({ calls }: StandInServer) =>
  calls.filter(({ method, target: path }) => method === 'DELETE' && !path.endsWith('/none/none'))

async function untilWrittenBack(service: TestApp, id: string): Promise<number> {
  const ask = () => service.query('query ($id: ID!) { auditEvent(id: $id) { writtenBack metadata } }', { id })
  await expect.poll(async () => (await ask()).data.auditEvent.writtenBack, { timeout: 8_000 }).not.toBeNull()
  const { writtenBack, metadata } = (await ask()).data.auditEvent
  expect(metadata.result.writtenBack).toBe(writtenBack)
  return writtenBack
}

describe('beside the oldest generation, without a token', () => {
  let world: Awaited<ReturnType<typeof start>>
  beforeAll(async () => {
    world = await start('ENDPOINT_KEYS')
  })
  afterAll(async () => {
    await world.service.close()
    await world.server.close()
  })

  it('an administrator who signed in clears by a token of his own, which lives for a minute', async () => {
    const { gateway, server, service } = world
    // The first connection reaches this worker.
    for (let n = 0; n < 4; n += 1) await gateway.serve(request(n), 1)
    gateway.prefer(NEW)
    await untilShown(service)
    const { data: session } = await service.query(SIGN_IN)
    const filter = { affinityKey: 'api-key-0' }
    const { data } = await service.query(CLEAR_FILTERED, { filter }, { token: session.login.token })
    expect(data.result).toMatchObject({
      clearedCount: 1,
      warnings: [],
      nodes: [{ url: server.url, ok: true, clearedCount: null, error: null }],
    })
    const [call] = clearsAt(server)
    expect(call?.target).toBe('/api/admin/monitoring/cache/affinity/api-key-0/endpoint-1/model/CLAUDE')
    const claims = JSON.parse(Buffer.from(call?.authorization?.split('.')[1] ?? '', 'base64url').toString())
    expect(claims.exp - Date.now() / 1_000).toBeLessThanOrEqual(60)
    expect(call?.authorization).not.toContain(session.login.token)
    expect(data.result.auditEvent.metadata.result.nodes).toMatchObject([{ url: server.url, ok: true }])
    expect(await untilWrittenBack(service, data.result.auditEvent.id)).toBe(0)
    expect(await gateway.serve(request(0), 1)).toEqual(NEW)
    expect(await gateway.serve(request(1), 1)).toEqual(OLD)
  })

  it('a static token’s clear of pins in use is an UNLINK, and the audit event says that it did not hold', async () => {
    const { gateway, server, service } = world
    const before = clearsAt(server).length
    gateway.prefer(OLD)
    for (let n = 5; n < 8; n += 1) await gateway.serve(request(n), 0)
    await untilShown(service)
    const stopTraffic = againAndAgain(100, () =>
      Promise.all([5, 6, 7].map((n) => gateway.serve(request(n), 0))),
    )
    const filter = { providerId: OLD.providerId }
    const { data: dry } = await service.query(CLEAR_FILTERED, { filter, dryRun: true })
    expect(dry.result).toMatchObject({ warnings: [{ code: 'MAY_RETURN' }], nodes: [] })
    const { data } = await service.query(CLEAR_FILTERED, { filter })
    expect(data.result).toMatchObject({ warnings: [{ code: 'MAY_RETURN' }], nodes: [] })
    expect(data.result.auditEvent.writtenBack).toBeNull()
    expect(await untilWrittenBack(service, data.result.auditEvent.id)).toBe(3)
    await stopTraffic()
    expect(clearsAt(server)).toHaveLength(before)
  })
})

describe.each<Generation>(['ENDPOINT_KEYS', 'PROVIDER_KEYS', 'PROCESS_MEMORY'])(
  'no argument and no record (%s)',
  (generation) => {
    const HOSTILE = [
      '..',
      '.',
      '%2e%2e',
      'a/../..',
      '/',
      'x?client_family=y',
      'name-9',
      '9@example.com',
      'user-9',
      'api-key-9',
    ]

    it('makes a clear reach another route of the gateway', async () => {
      const { gateway, server, service } = await start(generation, {
        GATEWAY_TOKEN: TOKEN,
        CLEAR_AT_ONCE: 'true',
      })
      const redis = service.redis.client()
      const put = (fields: Readonly<Record<'affinityKey' | 'model' | 'provider' | 'endpoint', string>>) =>
        redis.set(
          `cache_affinity:${fields.affinityKey}:CLAUDE:${fields.model}`,
          JSON.stringify({
            provider_id: fields.provider,
            endpoint_id: fields.endpoint,
            key_id: 'k',
            created_at: 1,
            expire_at: Date.now() / 1_000 + 300,
            request_count: 1,
          }),
        )
      const plain = { affinityKey: 'a', model: 'm', provider: 'p', endpoint: 'e' }
      for (const text of HOSTILE) {
        // Nobody's pins may be those of an API key that exists.
        if (text !== 'api-key-9') await put({ ...plain, affinityKey: text })
        await put({ ...plain, model: text })
        await put({ ...plain, model: `p ${text}`, provider: text })
        await put({ ...plain, model: `e ${text}`, endpoint: text })
      }
      await put({ affinityKey: 'api-key-9', model: 'victim', provider: 'victim', endpoint: 'victim' })
      await untilShown(service)
      const fields = ['affinityKey', 'providerId', 'endpointId', 'modelId']
      for (const text of HOSTILE.filter((each) => each !== 'api-key-9')) {
        await service.query(`mutation ($id: ID!) { clearProviderCache(providerId: $id) { __typename } }`, {
          id: text,
        })
        await service.query(`mutation ($id: String!) { clearUserCache(identifier: $id) { __typename } }`, {
          id: text,
        })
        for (const field of fields) await service.query(CLEAR_FILTERED, { filter: { [field]: text } })
        await service.query(
          `mutation ($id: ID!, $text: String!) { clearSingleAffinity(affinityKey: "a", endpointId: $id, modelId: $text, apiFormat: "CLAUDE") { __typename } }`,
          { id: text, text },
        )
      }
      const reached = clearsAt(server).map(({ target: path }) => path)
      expect(reached.length).toBeGreaterThan(generation === 'PROCESS_MEMORY' ? 1 : 10)
      for (const path of reached) {
        expect(path).not.toMatch(/cache\/?(\?|$)|\/\.{1,2}(\/|$|\?)|%2e%2e(\/|$)|\/\/|victim|\/users\//i)
      }
      expect(await redis.exists('cache_affinity:api-key-9:CLAUDE:victim')).toBe(1)
      expect(gateway.generation).toBe(generation)
      await service.close()
      await server.close()
    })
  },
)

describe('beside the Rust generation', () => {
  it('refuses without nodes, and all else works', async () => {
    const { gateway, server, service } = await start('PROCESS_MEMORY', { GATEWAY_URLS: '' })
    await service.redis.client().set(
      'cache_affinity:k:CLAUDE:m',
      JSON.stringify({
        provider_id: 'p',
        endpoint_id: 'e',
        key_id: 'k',
        created_at: 1,
        expire_at: Date.now() / 1_000 + 300,
        request_count: 1,
      }),
    )
    await untilShown(service)
    for (const document of [
      CLEAR_ALL,
      CLEAR_FILTERED.replace('($filter: AffinityFilter!, $dryRun: Boolean! = false)', '').replace(
        'filter: $filter, dryRun: $dryRun',
        'filter: {providerId: "p"}',
      ),
    ]) {
      const { data, errors } = await service.query(document)
      expect(errors).toEqual([])
      expect(data.result).toMatchObject({
        __typename: 'UnavailableError',
        code: 'GATEWAY_UNAVAILABLE',
        clearedCount: 0,
        nodes: [],
      })
      expect(data.result.message).toContain('GATEWAY_URLS')
    }
    const { data } = await service.query(
      '{ affinities { totalCount } auditEvents { nodes { success metadata } } }',
    )
    expect(data.affinities.totalCount).toBe(1)
    expect(data.auditEvents.nodes).toMatchObject([
      { success: false, metadata: { result: { code: 'GATEWAY_UNAVAILABLE' } } },
      { success: false },
    ])
    expect(gateway.processes).toBe(1)
    await service.close()
    await server.close()
  })

  it('tells in the audit event whose name it wrote again to clear at once', async () => {
    const { gateway, server, service } = await start('PROCESS_MEMORY', {
      GATEWAY_TOKEN: TOKEN,
      CLEAR_AT_ONCE: 'true',
    })
    const { id, userId } = apiKey(1)
    await sql(
      service.databaseUrl,
      `INSERT INTO users (id, username, email, password_hash, role, is_active, is_deleted, created_at, updated_at)
       VALUES ($1, $1, $1, '-', 'user', true, false, now(), now())`,
      [userId],
    )
    await sql(
      service.databaseUrl,
      `INSERT INTO api_keys (id, user_id, key_hash, name, is_standalone, is_active, auto_delete_on_expiry, created_at, updated_at)
       VALUES ($1, $2, $1, 'its present name', false, true, false, now(), now())`,
      [id, userId],
    )
    await gateway.serve({ ...request(1), clientFamily: 'codex', sessionHash: 'a'.repeat(64) })
    const shown = () => service.query('{ affinities(filter: { clientFamily: "codex" }) { totalCount } }')
    await expect.poll(async () => (await shown()).data.affinities.totalCount).toBe(1)
    const { data } = await service.query(CLEAR_FILTERED, { filter: { clientFamily: 'codex' } })
    expect(data.result).toMatchObject({ clearedCount: 1, nodes: [{ ok: true }] })
    expect(data.result.auditEvent.metadata.result).toMatchObject({ wroteApiKeyName: id })
    expect(data.result.warnings.map(({ code }: { code: string }) => code)).not.toContain('NOT_IMMEDIATE')
    // The look at the node asks whether it may, with ids that nobody has.
    const writes = server.calls.filter(({ method, target: path }) => method === 'PUT' && path.endsWith(id))
    expect(writes.map(({ target: path }) => path)).toEqual([`/api/admin/users/${userId}/api-keys/${id}`])
    await service.close()
    await server.close()
  })

  it('clears at its nodes alone, and says which of them it missed', async () => {
    const { gateway, server, service } = await start('PROCESS_MEMORY', { GATEWAY_TOKEN: TOKEN })
    await gateway.serve({ ...request(1), clientFamily: 'codex', sessionHash: 'a'.repeat(64) })
    const { data } = await service.query(CLEAR_ALL)
    expect(data.result).toMatchObject({
      clearedCount: 1,
      warnings: [],
      nodes: [{ ok: true, clearedCount: 1 }],
    })
    await server.close()
    const { data: failed } = await service.query(CLEAR_ALL)
    expect(failed.result).toMatchObject({
      code: 'GATEWAY_UNAVAILABLE',
      nodes: [{ ok: false, error: expect.stringContaining('ECONNREFUSED') }],
    })
    const { data: event } = await service.query(
      '{ auditEvents(first: 1) { nodes { success errorMessage metadata } } }',
    )
    expect(event.auditEvents.nodes[0]).toMatchObject({
      success: false,
      metadata: { result: { nodes: [{ ok: false }] } },
    })
    // The token is in no log line and no answer.
    expect(JSON.stringify([service.logs, failed, event])).not.toContain(TOKEN)
    await service.close()
  })
})

it('warns of a token that would be sent without TLS', async () => {
  const service = await startTestApp({
    redis: 'empty',
    env: {
      GATEWAY_URLS: 'http://gateway.invalid:1,http://127.0.0.1:1,https://gateway.invalid',
      GATEWAY_TOKEN: TOKEN,
    },
  })
  const warned = service.logs.filter(({ msg }) => String(msg).includes('without TLS'))
  expect(warned).toMatchObject([{ node: 'http://gateway.invalid:1' }])
  await service.close()
})
