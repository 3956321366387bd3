import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../src/server/http/http-server.js'
import { recordOf, startBehindProxy } from '../faults/behind-proxy.js'
import { ADMIN_TOKEN, startTestApp, type TestApp, VIEWER_TOKEN } from '../support/app.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { sql } from './affinity-model.js'
import { type Clear, clear, clearDocument, countKeys, EVENT, seen } from './clearing.js'

const BOBS_STANDALONE_KEY = '26913812-0d8d-4f28-88da-007284146a53'
const ANTHROPIC = '42a90167-8c53-4a24-b4e4-2b0c84578881'
const OURS = `description LIKE '%via affinityql'`

/** Arguments of each clear that are valid as far as this can be decided without a store. */
const GOOD_ARGUMENTS: Readonly<Record<Clear, object>> = {
  clearUserCache: { identifier: 'bob' },
  clearSingleAffinity: { affinityKey: 'a', endpointId: 'b', modelId: 'c', apiFormat: 'd' },
  clearProviderCache: { providerId: ANTHROPIC },
  clearAffinities: { filter: { stale: true } },
  clearAllCache: { confirm: true },
  clearAllModelMappingCache: { confirm: true },
  clearModelMappingCacheByName: { modelName: 'gpt-5' },
  clearProviderModelMappingCache: { providerId: ANTHROPIC, globalModelId: 'x' },
}
const ACTIONS: Readonly<Record<Clear, string>> = {
  clearUserCache: 'cache_clear_user',
  clearSingleAffinity: 'cache_clear_single',
  clearProviderCache: 'cache_clear_provider',
  clearAffinities: 'cache_clear_filtered',
  clearAllCache: 'cache_clear_all',
  clearAllModelMappingCache: 'model_mapping_cache_clear_all',
  clearModelMappingCacheByName: 'model_mapping_cache_clear_by_name',
  clearProviderModelMappingCache: 'provider_model_mapping_cache_clear',
}

let service: TestApp
let clock = Date.now()
beforeAll(async () => {
  // Each call of the clock advances it by a millisecond, so that events have an order.
  service = await startTestApp({ now: () => clock++ })
})
afterAll(() => service.close())

const auditRows = (databaseUrl = service.databaseUrl) =>
  sql(databaseUrl, `SELECT * FROM audit_logs WHERE ${OURS} ORDER BY created_at, id`)

/** The rows that a call leaves: there must be one. */
async function rowOf(run: () => Promise<unknown>) {
  const before = new Set((await auditRows()).map(({ id }) => id))
  await run()
  const [row, ...others] = (await auditRows()).filter(({ id }) => !before.has(id))
  expect(others).toEqual([])
  if (!row) throw new Error('The call left no audit row.')
  return row
}

const metadataOf = (row: { readonly [column: string]: unknown }) =>
  row['event_metadata'] as Readonly<Record<string, unknown>>

const nodes = async (args = '', fields = EVENT) => {
  const { data, errors } = await service.query(`{ auditEvents${args} { nodes { ${fields} } } }`)
  expect(errors).toEqual([])
  return data.auditEvents.nodes
}

/** Lines of the metric that counts clears: one for each action and outcome, with its number. */
async function clearsCounted({ app }: TestApp): Promise<string[]> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  const response = await app.yoga.fetch('http://localhost/metrics', { headers })
  return (await response.text()).split('\n').filter((line) => line.startsWith('affinityql_clears_total{'))
}

describe('a call leaves one audit row', () => {
  it.each([
    ['done', 'clearUserCache', { identifier: 'bob' }, 'request_success', 200, 'cache_clear_user'],
    [
      'done for a key',
      'clearUserCache',
      { identifier: BOBS_STANDALONE_KEY },
      'request_success',
      200,
      'cache_clear_api_key',
    ],
    [
      'dry',
      'clearProviderCache',
      { providerId: ANTHROPIC, dryRun: true },
      'request_success',
      200,
      'cache_clear_provider',
    ],
    [
      'without effect',
      'clearProviderCache',
      { providerId: 'unknown' },
      'request_success',
      200,
      'cache_clear_provider',
    ],
    ['not found', 'clearUserCache', { identifier: 'nobody' }, 'request_failed', 404, 'cache_clear_user'],
    [
      'not found, dry',
      'clearUserCache',
      { identifier: 'nobody', dryRun: true },
      'request_failed',
      404,
      'cache_clear_user',
    ],
    [
      'no such pin',
      'clearSingleAffinity',
      GOOD_ARGUMENTS.clearSingleAffinity,
      'request_failed',
      404,
      'cache_clear_single',
    ],
    ['invalid', 'clearUserCache', { identifier: ' ' }, 'request_failed', 400, 'cache_clear_user'],
    ['an empty filter', 'clearAffinities', { filter: {} }, 'request_failed', 400, 'cache_clear_filtered'],
    ['unconfirmed', 'clearAllCache', { confirm: false }, 'request_failed', 428, 'cache_clear_all'],
    [
      'filtered',
      'clearAffinities',
      { filter: { stale: true } },
      'request_success',
      200,
      'cache_clear_filtered',
    ],
    ['everything', 'clearAllCache', { confirm: true }, 'request_success', 200, 'cache_clear_all'],
  ] as const)('when it is %s (%s)', async (_what, name, args, eventType, statusCode, action) => {
    let answer: { clearedCount?: number; message?: string; auditEvent?: { id: string } } = {}
    const counted = await clearsCounted(service)
    const row = await rowOf(async () => {
      answer = await clear(service, name, args)
    })
    const outcome = eventType !== 'request_success' ? 'failed' : 'dryRun' in args ? 'dry' : 'done'
    const added = (await clearsCounted(service)).filter((line) => !counted.includes(line))
    expect(added).toEqual([expect.stringContaining(`{action="${action}",outcome="${outcome}"} `)])
    expect(row).toMatchObject({
      event_type: eventType,
      status_code: statusCode,
      description: `${name} via affinityql`,
      user_id: null,
      api_key_id: null,
      ip_address: '127.0.0.1',
      error_message: eventType === 'request_success' ? null : answer.message,
    })
    expect(metadataOf(row)).toMatchObject({
      action,
      actor: 'tests',
      arguments: args,
      outcome: 'done',
      status_code: statusCode,
      result: { clearedCount: answer.clearedCount ?? 0 },
    })
    if (answer.auditEvent) expect(answer.auditEvent.id).toBe(row.id)
  })

  it.each(Object.keys(GOOD_ARGUMENTS) as Clear[])(
    'when a viewer tries %s, which is forbidden',
    async (name) => {
      const before = await countKeys(service.redis.client(), '')
      const row = await rowOf(async () => {
        const { data, errors } = await service.query(clearDocument(name), GOOD_ARGUMENTS[name], {
          token: VIEWER_TOKEN,
        })
        expect(data).toBeNull()
        expect(errors).toMatchObject([{ path: [name], extensions: { code: 'FORBIDDEN' } }])
      })
      expect(row).toMatchObject({
        event_type: 'request_failed',
        status_code: 403,
        description: `${name} via affinityql`,
        error_message: expect.stringContaining('may read, but not clear'),
      })
      expect(metadataOf(row)).toMatchObject({
        action: ACTIONS[name],
        actor: 'looker',
        arguments: GOOD_ARGUMENTS[name],
        result: { clearedCount: 0, code: 'FORBIDDEN' },
      })
      expect(await countKeys(service.redis.client(), '')).toBe(before)
    },
  )

  it('for each of several in one operation, in their order', async () => {
    const before = (await auditRows()).length
    const { data } = await service.query(`mutation {
      a: clearProviderCache(providerId: "a", dryRun: true) { ... on ClearPayload { auditEvent { id } } }
      b: clearProviderCache(providerId: "b") { ... on ClearPayload { auditEvent { id } } }
    }`)
    const rows = (await auditRows()).slice(before)
    expect(rows.map(({ id }) => id)).toEqual([data.a.auditEvent.id, data.b.auditEvent.id])
  })

  it('unless the call never runs: it has no token, or its document is refused', async () => {
    const before = (await auditRows()).length
    const args = { identifier: 'bob' }
    const noToken = await service.query(clearDocument('clearUserCache'), args, { token: null })
    expect(noToken.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
    const badToken = await service.query(clearDocument('clearUserCache'), args, { token: 'wrong' })
    expect(badToken.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
    await service.query('mutation { clearUserCache(identifier: 1) { __typename } }')
    expect(await auditRows()).toHaveLength(before)
  })
})

describe('the row', () => {
  it('is there before the first delete, and claims no success yet', async () => {
    const { service: behind, proxy, client: redis } = await startBehindProxy({ records: 0 })
    const key = 'cache_affinity:a:d:c'
    for (const [name, command] of [
      ['clearAllCache', 'unlink'],
      ['clearAffinities', 'unlink'],
      ['clearSingleAffinity', 'removal'],
    ] as const) {
      await redis.set(key, recordOf({ endpoint_id: 'b' }))
      await seen(behind, '(filter: { apiFormat: "d" })', 1)
      const atDelete: unknown[] = []
      proxy.onCommand([command], async () => {
        proxy.onCommand([command], () => {})
        const rows = await auditRows(behind.databaseUrl)
        atDelete.push([
          rows.at(-1)?.['event_type'],
          metadataOf(rows.at(-1) ?? {})['outcome'],
          await redis.exists(key),
        ])
      })
      const args = name === 'clearAffinities' ? { filter: { apiFormat: 'd' } } : GOOD_ARGUMENTS[name]
      expect(await clear(behind, name, args)).toMatchObject({ auditEvent: { success: true } })
      expect(atDelete[0], name).toEqual(['request_failed', 'pending', 1])
      expect((await auditRows(behind.databaseUrl)).at(-1)?.['event_type']).toBe('request_success')
    }
  })

  it('has the action of what the identifier names, as the metrics do, even if the clear fails', async () => {
    const { service: behind, proxy, client: redis } = await startBehindProxy({ records: 0 })
    await redis.set(`cache_affinity:${BOBS_STANDALONE_KEY}:d:c`, recordOf({}))
    await seen(behind, '(filter: { apiFormat: "d" })', 1)
    proxy.onCommand(['unlink', 'removal'], () => proxy.stop())
    await behind.query(clearDocument('clearUserCache'), { identifier: BOBS_STANDALONE_KEY })
    const row = (await auditRows(behind.databaseUrl)).at(-1)
    expect(row).toMatchObject({ event_type: 'request_failed', status_code: 503 })
    expect(metadataOf(row ?? {})).toMatchObject({ action: 'cache_clear_api_key', outcome: 'done' })
    expect(await clearsCounted(behind)).toEqual([
      'affinityql_clears_total{action="cache_clear_api_key",outcome="failed"} 1',
    ])
  })

  it('keeps 256 characters of arguments as they were sent, however odd, and the page can still be read', async () => {
    const odd = [
      'a\0b',
      '\ud800',
      '😀',
      "'; DROP TABLE audit_logs; --",
      '%s%n',
      '<script>',
      '{"a":1}',
      'é'.repeat(255),
    ]
    for (const identifier of odd) {
      const row = await rowOf(() => clear(service, 'clearUserCache', { identifier }))
      const { arguments: kept } = metadataOf(row) as { arguments: { identifier: string } }
      expect(kept.identifier).toBe(identifier.replace(/[\0\ud800](?![\udc00-\udfff])/g, '\u{FFFD}'))
    }
    const long = await rowOf(() => clear(service, 'clearProviderCache', { providerId: 'x'.repeat(90_000) }))
    expect(metadataOf(long)).toMatchObject({ arguments: { providerId: 'x'.repeat(256) } })
    expect(await nodes('(action: "cache_clear_user", first: 1)')).toHaveLength(1)
    expect(await nodes('(first: 1000)')).not.toHaveLength(0)
  })

  it('has the request’s id, the client’s address and its program', async () => {
    const server = await listen(service.app, '127.0.0.1', 0)
    onTestFinished(() => server.close(0))
    const row = await rowOf(() =>
      post(server.url, { 'x-request-id': 'trace-42', 'user-agent': `curl/8${'x'.repeat(600)}` }),
    )
    expect(row).toMatchObject({ request_id: 'trace-42', ip_address: '127.0.0.1' })
    expect(String(row['user_agent'])).toMatch(/^curl\/8x+$/)
    expect(String(row['user_agent'])).toHaveLength(500)
  })

  it.each([
    [{}, '127.0.0.1'],
    [{ TRUST_PROXY: '1' }, '203.0.113.9'],
    [{ TRUST_PROXY: '192.0.2.0/24' }, '127.0.0.1'],
  ])('believes X-Forwarded-For only as TRUST_PROXY says: %j', async (env, address) => {
    const behind = await startTestApp({ redis: 'empty', env })
    onTestFinished(() => behind.close())
    const server = await listen(behind.app, '127.0.0.1', 0)
    onTestFinished(() => server.close(0))
    await post(server.url, { 'x-forwarded-for': '198.51.100.7, 203.0.113.9', forwarded: 'for=198.51.100.8' })
    expect((await auditRows(behind.databaseUrl)).map((row) => row['ip_address'])).toEqual([address])
  })

  it('is one of two kinds, for the gateway’s own page', async () => {
    const kinds = await sql(
      service.databaseUrl,
      `SELECT DISTINCT event_type AS id FROM audit_logs WHERE ${OURS}`,
    )
    expect(kinds.map(({ id }) => id).sort()).toEqual(['request_failed', 'request_success'])
  })

  it('holds no secret: neither tokens nor passwords nor keys', async () => {
    await service.query(LOGIN, { email: FIXTURE_ADMIN.email, password: FIXTURE_ADMIN.password })
    await service.query(LOGIN, { email: FIXTURE_ADMIN.email, password: 'a-wrong-password' })
    const text = JSON.stringify(await auditRows())
    for (const secret of [
      ADMIN_TOKEN,
      VIEWER_TOKEN,
      FIXTURE_ADMIN.password,
      'a-wrong-password',
      'eyJ',
      '$2b$',
    ])
      expect(text).not.toContain(secret)
  })
})

const LOGIN = `mutation ($email: String!, $password: String!) { login(email: $email, password: $password) {
  __typename ... on Session { token viewer { name } } } }`

const post = (url: string, headers: Readonly<Record<string, string>>) =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}`, ...headers },
    body: JSON.stringify({ query: clearDocument('clearProviderCache'), variables: { providerId: 'x' } }),
  })

describe('a sign-in', () => {
  it('leaves a row with its user', async () => {
    const row = await rowOf(() => service.query(LOGIN, { ...FIXTURE_ADMIN, id: undefined }, { token: null }))
    expect(row).toMatchObject({
      event_type: 'request_success',
      description: 'login via affinityql',
      status_code: 200,
      user_id: FIXTURE_ADMIN.id,
      ip_address: '127.0.0.1',
    })
    expect(metadataOf(row)).toEqual({
      action: 'admin_login',
      actor: 'root',
      arguments: { email: FIXTURE_ADMIN.email },
      outcome: 'done',
      status_code: 200,
      result: {},
    })
  })

  it.each([FIXTURE_ADMIN.email, 'nobody@example.com', 'a\0b', '\ud800', 'x'.repeat(10_000)])(
    'that fails leaves one, with no user: %.20s',
    async (email) => {
      const clientAddress = randomUUID()
      const row = await rowOf(() =>
        service.query(LOGIN, { email, password: 'wrong' }, { token: null, clientAddress }),
      )
      expect(row).toMatchObject({ event_type: 'request_failed', status_code: 401, user_id: null })
      expect(metadataOf(row)).toMatchObject({ action: 'admin_login', actor: '', result: {} })
      const typed = email.replace(/[\0\ud800]/g, '\u{FFFD}').slice(0, 256)
      expect(await nodes('(first: 1)', 'actorName targetId')).toEqual([{ actorName: '', targetId: typed }])
      expect(JSON.stringify(row)).not.toContain('wrong"')
      // Anyone may try to sign in: no attempt may spoil the log.
      expect(await nodes('(action: "admin_login", first: 1)')).toHaveLength(1)
    },
  )

  it('leaves the service able to start again, whatever was tried', async () => {
    await service.query(
      LOGIN,
      { email: '\udc00\ud800\0', password: 'x' },
      { token: null, clientAddress: 'z' },
    )
    const again = await startTestApp({ redis: 'empty', env: { DATABASE_URL: service.databaseUrl } })
    await again.close()
    expect(again.logs.filter(({ msg }) => String(msg).includes('not looked for'))).toEqual([])
  })
})

describe('auditEvents', () => {
  it('come newest first, a hundred at a time, each once through all pages', async () => {
    for (let n = 0; n < 15; n += 1) await clear(service, 'clearProviderCache', { providerId: `page ${n}` })
    const expected = (await auditRows()).map(({ id }) => id).reverse()
    const seen: string[] = []
    let after: string | null = null
    do {
      const { data, errors } = await service.query(
        `query ($after: String) { auditEvents(first: 7, after: $after) {
          totalCount edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
        { after },
      )
      expect(errors).toEqual([])
      const { totalCount, edges, nodes: list, pageInfo } = data.auditEvents
      expect(totalCount).toBe(expected.length)
      expect(edges.map(({ node }: { node: { id: string } }) => node)).toEqual(list)
      expect(pageInfo).toMatchObject({
        hasPreviousPage: after !== null,
        startCursor: edges[0].cursor,
        endCursor: edges.at(-1).cursor,
      })
      seen.push(...list.map(({ id }: { id: string }) => id))
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null
    } while (after !== null)
    expect(seen).toEqual(expected)
  })

  it('can be asked for one action', async () => {
    const { data } = await service.query(
      '{ auditEvents(action: "cache_clear_single") { totalCount nodes { action } } }',
    )
    const count = (await auditRows()).filter(
      (row) => metadataOf(row)['action'] === 'cache_clear_single',
    ).length
    expect(count).toBeGreaterThan(0)
    expect(data.auditEvents.totalCount).toBe(count)
    expect(new Set(data.auditEvents.nodes.map(({ action }: { action: string }) => action))).toEqual(
      new Set(['cache_clear_single']),
    )
    expect(await nodes('(action: "no_such_action")')).toEqual([])
  })

  it('tell in their own fields what was tried and how it ended, and are found by them', async () => {
    const typed = { providerId: 'typed' }
    await clear(service, 'clearProviderCache', { ...typed, dryRun: true })
    await clear(service, 'clearUserCache', { identifier: 'nobody-of-this-name' })
    const fields = 'outcome targetKind targetId dryRun clearedCount'
    const [missed, dry] = await nodes('(first: 2)', fields)
    expect(missed).toMatchObject({ outcome: 'FAILED', targetKind: 'USER', targetId: 'nobody-of-this-name' })
    expect(dry).toEqual({
      outcome: 'SUCCEEDED',
      targetKind: 'PROVIDER',
      targetId: 'typed',
      dryRun: true,
      clearedCount: 0,
    })
    const byFields = '(filter: { targetId: "typed", dryRun: true, outcome: SUCCEEDED, actor: "tests" })'
    expect(await nodes(byFields, fields)).toEqual([dry])

    await service.query(clearDocument('clearProviderCache'), typed, { token: VIEWER_TOKEN })
    const refused = await nodes('(filter: { outcome: REFUSED, targetKind: PROVIDER })', fields)
    expect(refused).toMatchObject([{ outcome: 'REFUSED', dryRun: false, clearedCount: 0 }])
  })

  it('refuse a filter that no event can mean', async () => {
    for (const filter of [
      '{ actions: [] }',
      '{ actor: "a\\u0000b" }',
      '{ targetId: "a\\u0000b" }',
      '{ since: "2025-01-02T00:00:00Z", until: "2025-01-02T00:00:00Z" }',
    ]) {
      const { errors } = await service.query(`{ auditEvents(filter: ${filter}) { totalCount } }`)
      expect(errors, filter).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
    }
  })

  it('show who it was: a user with their row, a static token by its name', async () => {
    const { data } = await service.query(LOGIN, { ...FIXTURE_ADMIN, id: undefined }, { token: null })
    await clear(service, 'clearProviderCache', { providerId: 'x' }, '', { token: data.login.token })
    await clear(service, 'clearProviderCache', { providerId: 'x' })
    const fields =
      'action actorName actor { id username email } ipAddress requestId success errorMessage metadata'
    expect(await nodes('(first: 2)', fields)).toMatchObject([
      { actorName: 'tests', actor: null, ipAddress: '127.0.0.1', success: true, errorMessage: null },
      {
        action: 'cache_clear_provider',
        actorName: 'root',
        actor: { id: FIXTURE_ADMIN.id, username: 'root', email: FIXTURE_ADMIN.email },
      },
    ])
  })

  it('leave out what the gateway itself logged', async () => {
    await sql(
      service.databaseUrl,
      `INSERT INTO audit_logs (id, event_type, description, created_at, event_metadata) VALUES
        ('gateway-1', 'request_success', 'DELETE /api/admin/monitoring/cache via AdminClearAllCacheAdapter', now(), '{"action":"cache_clear_all"}'),
        ('gateway-2', 'login_success', 'admin_login via affinityql', now(), '{"action":"admin_login","actor":"x"}'),
        ('gateway-3', 'request_failed', 'POST /v1/messages', now(), NULL),
        ('gateway-4', 'request_success', 'GET /api/admin/users?search=clearAllCache via affinityql', now(), '{"action":"cache_clear_all","actor":"root"}')`,
    )
    const ids = (await nodes('(first: 1000)', 'id')).map(({ id }: { id: string }) => id)
    expect(ids.filter((id: string) => id.startsWith('gateway-'))).toEqual([])
  })

  it('show what can be read of a row whose metadata somebody has changed', async () => {
    await sql(
      service.databaseUrl,
      `INSERT INTO audit_logs (id, event_type, description, created_at, event_metadata) VALUES
        ('changed-1', 'request_success', 'clearAllCache via affinityql', '2020-01-01', NULL),
        ('changed-2', 'request_success', 'clearAllCache via affinityql', '2020-01-02', '[1]')`,
    )
    const changed = (await nodes('(first: 1000)', 'id action actorName metadata')).slice(-2)
    expect(changed).toEqual([
      { id: 'changed-2', action: 'unknown', actorName: 'unknown', metadata: [1] },
      { id: 'changed-1', action: 'unknown', actorName: 'unknown', metadata: null },
    ])
  })

  const forged = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url')

  it('refuse cursors that they did not make, and arguments that cannot be meant', async () => {
    const { data } = await service.query('{ auditEvents(first: 1) { pageInfo { endCursor } } }')
    const good: string = data.auditEvents.pageInfo.endCursor
    const [version, fingerprint] = JSON.parse(Buffer.from(good, 'base64url').toString())
    const id = randomUUID()
    const bad = [
      '',
      'x',
      '2020-01-01',
      forged(version, 'another', 1, id),
      forged(version, fingerprint, 1e300, id),
      forged(version, fingerprint, -1, id),
      forged(version, fingerprint, 8.64e15, id),
      forged(version, fingerprint, 0.5, id),
      forged(version, fingerprint, '2020-01-01', id),
      forged(version, fingerprint, 1, 'a\0b'),
      forged(version, fingerprint, 1, 'x'.repeat(5_000)),
      forged(version, fingerprint, 1, ['x']),
      forged(version, fingerprint, 1),
      forged(version, fingerprint, 1, id, 1),
    ]
    for (const after of bad) {
      const { errors } = await service.query(
        'query ($after: String) { auditEvents(after: $after) { totalCount } }',
        { after },
      )
      expect(errors, after).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'after' } }])
    }
    const other = await service.query(
      'query ($after: String) { auditEvents(action: "admin_login", after: $after) { totalCount } }',
      { after: good },
    )
    expect(other.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
    for (const args of ['first: 0', 'first: -1', 'first: 1001', 'first: 100000', 'action: "a\\u0000b"']) {
      const { errors } = await service.query(`{ auditEvents(${args}) { totalCount } }`)
      expect(errors, args).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
    }
  })

  it('can be read by a viewer, and by nobody without a token', async () => {
    const viewer = await service.query('{ auditEvents { totalCount } }', {}, { token: VIEWER_TOKEN })
    expect(viewer.data.auditEvents.totalCount).toBeGreaterThan(0)
    const nobody = await service.query('{ auditEvents { totalCount } }', {}, { token: null })
    expect(nobody.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })
})

describe('auditEvent', () => {
  const find = (id: string, token?: string | null) =>
    service.query(
      `query ($id: ID!) { auditEvent(id: $id) { ${EVENT} } }`,
      { id },
      token === undefined ? {} : { token },
    )

  it('answers one event by the id that its clear gave, to a viewer too', async () => {
    const { id } = await rowOf(() =>
      clear(service, 'clearProviderCache', { providerId: ANTHROPIC, dryRun: true }),
    )
    const listed = (await nodes()).find((event: { id: string }) => event.id === id)
    expect((await find(String(id))).data.auditEvent).toEqual(listed)
    expect((await find(String(id), VIEWER_TOKEN)).data.auditEvent).toEqual(listed)
  })

  it('answers nothing for an id that no event of this service has', async () => {
    await sql(
      service.databaseUrl,
      `INSERT INTO audit_logs (id, event_type, description, created_at)
        VALUES ('a-row-of-the-gateway', 'request_failed', 'POST /v1/messages', now())`,
    )
    for (const id of ['a-row-of-the-gateway', randomUUID(), '', 'x'.repeat(37), "' OR true --", '\0']) {
      const { data, errors } = await find(id)
      expect([id, data, errors]).toEqual([id, { auditEvent: null }, []])
    }
  })

  it('answers nobody without a token', async () => {
    const { errors } = await find(randomUUID(), null)
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })
})
