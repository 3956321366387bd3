import { describe, expect, it } from 'vitest'
import { TRANSPORT_LIMITS } from '../../src/server/http/transport-limits.js'
import { REQUEST_COST } from '../../src/server/limits/use-rate-limit.js'
import { STREAM_LIMITS } from '../../src/util/open-streams.js'
import { sql } from '../api/affinity-model.js'
import { ADMIN_TOKEN, VIEWER_TOKEN } from '../support/app.js'
import { quickTable, slowTable } from '../support/odd-table.js'
import { type Listening, listening } from './http.js'
import { codesOf, errorsOf, expectRefusal, type Reply, repeat } from './support.js'

const QUERY = '{ viewer { name } }'
const PAGE = '{ affinities(first: 1000) { nodes { id modelId provider { id name } } } }'
const bare = { database: 'schema', redis: 'empty' } as const

const extensionsOf = ({ text }: Reply) => JSON.parse(text).extensions
const costOf = (reply: Reply) => extensionsOf(reply).cost

/** Repeats a request until it is refused, and returns the refusal. */
async function spend(server: Listening, query: string): Promise<Reply> {
  for (let asked = 0; asked < 500; asked += 1) {
    const reply = await server.post(query)
    if (reply.status !== 200) return reply
  }
  throw new Error('nothing was refused')
}

describe('the cost budget of a viewer', () => {
  const limited = () => listening({ ...bare, env: { RATE_LIMIT_VIEWER: '300000' } })

  it('is in each answer, with the cost of the request and the rest of the budget', async () => {
    const server = await limited()
    const first = costOf(await server.post(QUERY))
    expect(first).toEqual({
      requested: expect.any(Number),
      limit: 300_000,
      remaining: 300_000 - first.requested,
      resetSeconds: expect.any(Number),
    })
    expect(first.requested).toBeGreaterThan(REQUEST_COST)
    const second = costOf(await server.post(QUERY))
    expect(second.remaining).toBe(first.remaining - second.requested)
    expect(costOf(await server.post(PAGE)).requested).toBeGreaterThan(5_000)
  })

  it('gives RATE_LIMITED with Retry-After when it is used up, for this viewer only', async () => {
    const server = await limited()
    const reply = await spend(server, PAGE)
    expectRefusal(reply, 'RATE_LIMITED')
    expect(reply.status).toBe(429)
    const seconds = Number(reply.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(60)
    const [error] = JSON.parse(reply.text).errors
    expect(error.extensions.cost).toMatchObject({ limit: 300_000, requested: expect.any(Number) })
    // A refused request does not count, so that a smaller one still fits.
    expect(costOf(await server.post(QUERY)).remaining).toBeLessThan(error.extensions.cost.requested)
    expect((await server.post(PAGE, undefined, VIEWER_TOKEN)).status).toBe(200)
  })

  it('is charged for the operation that runs, not for a cheap one beside it', async () => {
    const server = await limited()
    const document = `query Cheap { viewer { name } } query Dear ${PAGE}`
    const cost = async (operationName: string) =>
      costOf(await server.send({ body: JSON.stringify({ query: document, operationName }) })).requested
    expect(await cost('Dear')).toBeGreaterThan(10 * (await cost('Cheap')))
  })

  it('is charged for clears and subscriptions as well', async () => {
    const server = await limited()
    await spend(server, PAGE)
    await spend(server, QUERY)
    const clear = 'mutation { clearAllCache(confirm: true) { __typename } }'
    expect(codesOf(await server.post(clear))).toEqual(['RATE_LIMITED'])
    const events = await server.send({
      body: JSON.stringify({ query: 'subscription { affinityEvents { type } }' }),
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    })
    expect(events.text).toContain('RATE_LIMITED')
    expect(await sql(server.service.databaseUrl, 'SELECT 1 FROM audit_logs')).toEqual([])
  })
})

describe('the cost budget of an address without a token', () => {
  const ANONYMOUS = 1_000 / REQUEST_COST
  const limited = () => listening({ ...bare, env: { RATE_LIMIT_ADDRESS: '1000' } })

  it.each<[string, (server: Listening) => Promise<Reply>]>([
    ['no token', (server) => server.post(QUERY, undefined, null)],
    ['wrong tokens', (server) => server.post(QUERY, undefined, `wrong-${Math.random()}`)],
    ['documents that are refused', (server) => server.post('{ nope }', undefined, null)],
    ['what is no JSON', (server) => server.send({ body: '{', token: null })],
    [
      'other media types',
      (server) => server.send({ body: 'x', token: null, headers: { 'content-type': 'text/plain' } }),
    ],
    [
      'GET',
      (server) =>
        server.send({ method: 'GET', path: '/graphql?query={__typename}', token: null, headers: {} }),
    ],
  ])('is used up by %s, while requests with a token still succeed', async (_, ask) => {
    const server = await limited()
    const statuses: number[] = []
    for (let request = 0; request < 2 * ANONYMOUS; request += 1) statuses.push((await ask(server)).status)
    expect(statuses.slice(0, 5)).not.toContain(429)
    expect(new Set(statuses.slice(ANONYMOUS))).toEqual(new Set([429]))
    const refused = await ask(server)
    expectRefusal(refused, 'RATE_LIMITED')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await server.post(QUERY)).status).toBe(200)
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200)
  })

  it('is charged the same for a sign-in and for a refused page', async () => {
    const server = await limited()
    const login = 'mutation { login(email: "a@example.com", password: "b") { __typename } }'
    const requested = [login, PAGE].map(async (query) => {
      const { extensions, errors } = JSON.parse((await server.post(query, undefined, null)).text)
      return extensions?.cost.requested ?? errors[0].extensions.code
    })
    expect(await Promise.all(requested)).toEqual([REQUEST_COST, REQUEST_COST])
  })

  it('is not charged for requests with a token', async () => {
    const server = await limited()
    for (let request = 0; request < 2 * ANONYMOUS; request += 1) {
      expect((await server.post(QUERY)).status).toBe(200)
    }
    expect((await server.post('{ __typename }', undefined, null)).status).toBe(200)
  })
})

describe('a request body', () => {
  it.each([
    ['of 400 kB, which has room for 1,000 ids, is read', TRANSPORT_LIMITS.bodyBytes, 200],
    ['of one byte more is not', TRANSPORT_LIMITS.bodyBytes + 1, 413],
  ])('%s', async (_, size, status) => {
    const server = await listening(bare)
    const start = `{"query":"${QUERY}","variables":{"padding":"`
    const body = `${start}${'x'.repeat(size - start.length - 3)}"}}`
    expect(body).toHaveLength(size)
    expect((await server.send({ body })).status).toBe(status)
  })
})

describe('the subscriptions of one viewer', () => {
  it('are limited in number, and one that ends makes room for another', async () => {
    const server = await listening(bare)
    const open = (token: string) => {
      const cut = new AbortController()
      const response = fetch(`${server.url}/graphql`, {
        method: 'POST',
        signal: cut.signal,
        headers: {
          'content-type': 'application/json',
          accept: 'text/event-stream',
          authorization: `Bearer ${token}`,
        },
        body: JSON.stringify({ query: 'subscription { affinityEvents { type } }' }),
      })
      return { response, cut }
    }
    const streams = Array.from({ length: STREAM_LIMITS.perViewer }, () => open(ADMIN_TOKEN))
    for (const { response } of streams) expect((await response).status).toBe(200)
    const refused = async () => {
      const stream = open(ADMIN_TOKEN)
      const reader = (await stream.response).body?.getReader()
      const text = new TextDecoder().decode((await reader?.read())?.value)
      stream.cut.abort()
      return text.includes('RATE_LIMITED')
    }
    expect(await refused()).toBe(true)
    expect((await open(VIEWER_TOKEN).response).status).toBe(200)
    streams[0]?.cut.abort()
    await expect.poll(refused).toBe(false)
  })
})

/** A request whose client waits for its answer only until it is cut. */
function asking({ url }: Listening, query: string) {
  const cut = new AbortController()
  const answer = fetch(`${url}/graphql`, {
    method: 'POST',
    signal: cut.signal,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({ query }),
  })
  return { cut, ended: expect(answer).rejects.toThrow() }
}

const looking = async ({ service }: Listening) =>
  (await sql(service.databaseUrl, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length

const errorsLogged = ({ service }: Listening) => service.logs.filter(({ level }) => Number(level) >= 50)

describe('the time of one operation', () => {
  const SLOW = '{ affinities(search: "a") { totalCount nodes { provider { name } } } }'
  /** What is asked once the search has its names: the providers of the page. */
  const JOIN = /FROM providers WHERE providers\.id = ANY/

  it('ends with OPERATION_TIMEOUT, and no further statement is issued', async () => {
    const server = await listening({ env: { OPERATION_TIMEOUT_SECONDS: '1' } })
    // What is asked for the first time takes longer, on a busy machine more than a second.
    await expect.poll(async () => (await server.post(SLOW)).status).toBe(200)
    const search = await server.service.statementsOf(() => server.post(SLOW))
    expect(search.join('\n')).toMatch(JOIN)
    await slowTable(server.service.databaseUrl, 'users', 2)
    const statements = await server.service.statementsOf(async () => {
      const reply = await server.post(SLOW)
      expect([reply.status, codesOf(reply)]).toEqual([503, ['OPERATION_TIMEOUT']])
      expect(errorsOf(reply)[0]?.message).toContain('1 s')
      await expect.poll(() => looking(server)).toBe(0)
      expect((await server.post(QUERY)).status).toBe(200)
    })
    expect(statements.join('\n')).not.toMatch(JOIN)
    await quickTable(server.service.databaseUrl, 'users')
    await expect.poll(async () => (await server.post(SLOW)).status).toBe(200)
    expect(errorsLogged(server)).toEqual([])
  })

  it('ends when its client disconnects, and no further statement is issued', async () => {
    const server = await listening()
    await slowTable(server.service.databaseUrl, 'users', 2)
    const statements = await server.service.statementsOf(async () => {
      const { cut, ended } = asking(server, SLOW)
      await expect.poll(() => looking(server)).toBeGreaterThan(0)
      cut.abort()
      await ended
      await expect.poll(() => looking(server)).toBe(0)
      expect((await server.post(QUERY)).status).toBe(200)
    })
    expect(statements.join('\n')).not.toMatch(JOIN)
    expect(errorsLogged(server)).toEqual([])
  })

  it('is not limited for a clear, which is always completed', async () => {
    const server = await listening({ env: { OPERATION_TIMEOUT_SECONDS: '1' } })
    await slowTable(server.service.databaseUrl, 'users', 1.5)
    const reply = await server.post(
      'mutation { clearUserCache(identifier: "bob") { ... on ClearUserCachePayload { auditEvent { success } } } }',
    )
    expect(JSON.parse(reply.text).data.clearUserCache).toEqual({ auditEvent: { success: true } })
  })
})

describe('a document of many clears', () => {
  it('starts no further clear after its client has disconnected', async () => {
    const server = await listening()
    await slowTable(server.service.databaseUrl, 'users', 2)
    const others = repeat(5, (i) => `a${i}: clearProviderCache(providerId: "p${i}") { __typename }`)
    const { cut, ended } = asking(
      server,
      `mutation { clearUserCache(identifier: "bob") { __typename } ${others} }`,
    )
    await expect.poll(() => looking(server)).toBeGreaterThan(0)
    cut.abort()
    await ended
    const outcomes = async () =>
      (await sql(server.service.databaseUrl, 'SELECT event_type FROM audit_logs')).map(
        (row) => row['event_type'],
      )
    await expect.poll(outcomes).toContain('request_success')
    expect((await server.post(QUERY)).status).toBe(200)
    expect(await outcomes()).toEqual(['request_success'])
  })
})
