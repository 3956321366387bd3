import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp, VIEWER_TOKEN } from '../support/app.js'
import { jsonlOf, loadGeneration } from '../support/generations.js'
import { sql } from './affinity-model.js'

let service: TestApp
const redis = () => service.redis.client()
const FIXTURE = jsonlOf('process-memory').filter(({ key }) => /^ap:[^:]+:sticky:/.test(key))
const tokenOf = (key: string) => key.split(':').slice(3).join(':')
const digestOf = (token: string) => createHash('sha256').update(token).digest('hex')
const TOKENS = FIXTURE.map(({ key }) => tokenOf(key))
const COLONS = 'conv:with:colons/and slash 100%'

beforeAll(async () => {
  service = await startTestApp({ redis: 'empty', env: { CLEAR_GUARD_SECONDS: '0' } })
})
beforeEach(async () => {
  await redis().flushall()
  await loadGeneration(redis(), 'process-memory')
})
afterAll(() => service.close())

const FIELDS =
  'id providerId providerKeyId sessionDigest expiresAt ttlSeconds provider { name } providerKey { name }'

async function list(filter: object | null = null, page = 'first: 1000') {
  const { data, errors } = await service.query(
    `query ($filter: PoolSessionFilter) { poolSessions(${page}, filter: $filter) { totalCount pageInfo { endCursor hasNextPage } nodes { ${FIELDS} } } }`,
    { filter },
  )
  expect(errors).toEqual([])
  return data.poolSessions
}

async function clear(filter: object, dryRun = false, token?: string) {
  const { data, errors } = await service.query(
    `mutation ($filter: PoolSessionFilter!, $dryRun: Boolean!) { clearPoolSessions(filter: $filter, dryRun: $dryRun) {
      ... on ClearPoolSessionsPayload { message clearedCount dryRun auditEvent { action metadata } } ... on Error { code message } ... on InvalidInputError { field } } }`,
    { filter, dryRun },
    token === undefined ? {} : { token },
  )
  return { done: data?.clearPoolSessions, errors }
}
const left = async () => (await redis().keys('ap:*:sticky:*')).map(tokenOf).sort()

describe('the sessions of pools', () => {
  it('are listed, all 13 of the Rust gateway, and nothing else of a pool', async () => {
    const { totalCount, nodes } = await list()
    expect(totalCount).toBe(13)
    const seen = new Map(nodes.map((node: { sessionDigest: string }) => [node.sessionDigest, node]))
    for (const { key, value, ttl } of FIXTURE) {
      const node = seen.get(digestOf(tokenOf(key)).slice(0, 16)) as { ttlSeconds: number; expiresAt: string }
      expect(node).toMatchObject({ providerId: key.split(':')[1], providerKeyId: value })
      expect(Math.abs(node.ttlSeconds - Number(ttl))).toBeLessThan(60)
      expect(Math.abs(Date.parse(node.expiresAt) - Date.now() - Number(ttl) * 1_000)).toBeLessThan(60_000)
    }
  })

  it('are paged and named by ids and cursors that hold the provider and a digest', async () => {
    const { nodes } = await list()
    const walked: unknown[] = []
    let after = ''
    for (let hasNextPage = true; hasNextPage; ) {
      const page = await list(null, `first: 5${after}`)
      walked.push(...page.nodes.map(({ id }: { id: string }) => id))
      hasNextPage = page.pageInfo.hasNextPage
      const cursor = String(page.pageInfo.endCursor)
      expect(JSON.parse(Buffer.from(cursor, 'base64url').toString()).slice(2)).toEqual([
        expect.stringMatching(/^[0-9a-f-]{36}$/),
        expect.stringMatching(/^[0-9a-f]{64}$/),
      ])
      after = `, after: "${cursor}"`
    }
    expect(walked).toEqual(nodes.map(({ id }: { id: string }) => id))
    for (const id of walked)
      expect(Buffer.from(String(id), 'base64url').toString()).toMatch(/^[0-9a-f-]{36}:[0-9a-f]{64}$/)
  })

  it('are filtered by each field', async () => {
    const { nodes } = await list()
    const [first] = nodes
    const of = (test: (node: typeof first) => boolean) => nodes.filter(test).length
    const count = async (filter: object) => (await list(filter)).totalCount
    expect(await count({ providerId: first.providerId })).toBe(
      of(({ providerId }) => providerId === first.providerId),
    )
    expect(await count({ providerKeyId: first.providerKeyId })).toBe(
      of(({ providerKeyId }) => providerKeyId === first.providerKeyId),
    )
    expect(await count({ ids: [first.id, nodes[1].id] })).toBe(2)
    expect(await count({ session: COLONS })).toBe(1)
    expect(await count({ sessionDigest: digestOf(COLONS) })).toBe(1)
    expect(await count({ sessionDigest: digestOf(COLONS).slice(0, 16).toUpperCase() })).toBe(1)
    expect(await count({ session: COLONS, providerId: 'another' })).toBe(0)
  })

  it('leave out what is no session, and values of other types', async () => {
    for (const key of [
      'ap::sticky:x',
      'ap:p:sticky:',
      'ap:p:stickyx:y',
      'my_ap:p:sticky:x',
      'ap:p:x:sticky:y',
    ])
      await redis().set(key, 'k')
    await redis().sadd('ap:p:sticky:a-set', 'k')
    expect((await list()).totalCount).toBe(13)
  })

  it('cost a query one scan, however many ask at once', async () => {
    service.redis.cli('config', 'resetstat')
    // Redis answers when all have asked.
    service.redis.cli('client', 'pause', '500', 'ALL')
    await Promise.all(Array.from({ length: 8 }, () => list()))
    const scans = /cmdstat_scan:calls=(\d+)/.exec(service.redis.cli('info', 'commandstats'))?.[1]
    // Those who ask while a scan runs share the next.
    expect(Number(scans)).toBeLessThanOrEqual(2)
  })
})

describe('a clear of pool sessions', () => {
  it('takes exactly what the filter selects, and a dry run takes nothing', async () => {
    const dry = await clear({ session: COLONS }, true)
    expect(dry.done).toMatchObject({ clearedCount: 1, dryRun: true })
    expect(await left()).toEqual([...TOKENS].sort())
    const { done } = await clear({ session: COLONS })
    expect(done).toMatchObject({
      clearedCount: 1,
      message: expect.stringContaining('1 pool session'),
      auditEvent: { action: 'pool_sessions_clear' },
    })
    expect(await left()).toEqual(TOKENS.filter((token) => token !== COLONS).sort())
  })

  it('takes a provider’s, and leaves the pool’s other keys', async () => {
    const providerId = FIXTURE[0]?.key.split(':')[1] ?? ''
    const others = (await redis().keys('*'))
      .filter((key) => !key.startsWith(`ap:${providerId}:sticky:`))
      .sort()
    const { done } = await clear({ providerId })
    expect(done.clearedCount).toBe(FIXTURE.filter(({ key }) => key.startsWith(`ap:${providerId}:`)).length)
    expect((await redis().keys('*')).sort()).toEqual(others)
  })

  it.each([
    [{}, 'filter'],
    [{ providerId: null }, 'filter'],
    [{ providerId: ' ' }, 'filter.providerId'],
    [{ session: '' }, 'filter.session'],
    [{ ids: [] }, 'filter.ids'],
    [{ sessionDigest: 'abc' }, 'filter.sessionDigest'],
  ])('refuses %j', async (filter, field) => {
    expect((await clear(filter)).done).toMatchObject({ code: 'INVALID_INPUT', field })
    expect(await left()).toHaveLength(13)
  })

  it('is not for viewers', async () => {
    const { errors } = await clear({ session: COLONS }, false, VIEWER_TOKEN)
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
    expect(await left()).toHaveLength(13)
  })
})

it('no token stands in an answer, the audit or the log', async () => {
  const secret = 'a token that nobody may see'
  await redis().set(`ap:p:sticky:${secret}`, 'k', 'EX', 600)
  const answers = JSON.stringify([
    await list({ session: secret }),
    await list(),
    await clear({ session: secret }),
  ])
  await clear({ sessionDigest: secret })
  const events = JSON.stringify(await sql(service.databaseUrl, 'SELECT * FROM audit_logs'))
  expect(events).toContain(digestOf(secret))
  const metrics = await (
    await service.app.yoga.fetch(
      'http://localhost/metrics',
      { headers: { authorization: 'Bearer static-admin-token-of-the-tests' } },
      { clientAddress: '127.0.0.1' },
    )
  ).text()
  for (const text of [answers, events, JSON.stringify(service.logs), metrics]) {
    expect(text).not.toContain(secret)
    expect(text).not.toContain(Buffer.from(secret).toString('base64url'))
  }
})

it('no token stands in what a refusal of the cache says, or in its log', async () => {
  const secret = 'a token in a refused command'
  await redis().set(`ap:p:sticky:${secret}`, 'k', 'EX', 600)
  service.redis.cli('acl', 'setuser', 'default', '-unlink')
  const told: unknown[] = []
  try {
    const { done, errors } = await clear({ session: secret })
    told.push(done, errors)
    expect(done ?? errors[0]?.extensions).toHaveProperty('code')
  } finally {
    service.redis.cli('acl', 'setuser', 'default', '+unlink')
  }
  expect(await left()).toContain(secret)
  for (const text of [told, service.logs, await sql(service.databaseUrl, 'SELECT * FROM audit_logs')]) {
    expect(JSON.stringify(text)).not.toContain(secret)
  }
})
