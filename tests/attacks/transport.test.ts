import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { expectRefusal, GRAPHQL_JSON, post, type RawRequest, send } from './support.js'

let service: TestApp
beforeAll(async () => {
  service = await startTestApp()
})
afterAll(() => service.close())

const { email, password } = FIXTURE_ADMIN
/** A sign-in that would succeed, so that a session in the answer proves that it ran. */
const MUTATION = `mutation { login(email: "${email}", password: "${password}") { __typename ... on Session { token } } }`
const QUERY = '{ viewer { name } }'

const url = (query: string) => `/graphql?${new URLSearchParams({ query })}`
const multipart = (fields: Record<string, string>): RawRequest => ({
  headers: { 'content-type': 'multipart/form-data; boundary=x', accept: GRAPHQL_JSON },
  body: `${Object.entries(fields)
    .map(([name, value]) => `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('')}--x--\r\n`,
})
const typed = (contentType: string, body: string): RawRequest => ({
  headers: { 'content-type': contentType, accept: GRAPHQL_JSON },
  body,
})

describe('a mutation', () => {
  it('runs by POST as JSON', async () => {
    expect((await post(service.app, MUTATION, undefined, { token: null })).text).toContain('"Session"')
  })

  const operation = JSON.stringify({ query: MUTATION })

  it.each<[string, RawRequest]>([
    ['by GET', { method: 'GET', path: url(MUTATION), headers: { accept: GRAPHQL_JSON } }],
    [
      'by GET after a query',
      {
        method: 'GET',
        path: `${url(`query Q ${QUERY} ${MUTATION.replace('mutation', 'mutation M')}`)}&operationName=M`,
        headers: { accept: GRAPHQL_JSON },
      },
    ],
    ['as a form', typed('application/x-www-form-urlencoded', `${new URLSearchParams({ query: MUTATION })}`)],
    ['as multipart', multipart({ operations: operation, map: '{}' })],
    [
      'as multipart with __proto__ in its map',
      multipart({ operations: operation, map: '{"0":["__proto__.polluted"]}', '0': 'x' }),
    ],
    ['as plain text', typed('text/plain', operation)],
    ['as application/graphql', typed('application/graphql', MUTATION)],
    ['as application/graphql+json', typed('application/graphql+json', operation)],
    ['as another JSON', typed('application/json-patch+json', operation)],
    ['as two types at once', typed('text/plain, application/json', operation)],
    ['as plain text with JSON as a parameter', typed('text/plain; x=application/json', operation)],
    ['in UTF-16', typed('application/json; charset=utf-16le', operation)],
    ['without a type', { headers: { accept: GRAPHQL_JSON }, body: new Uint8Array(Buffer.from(operation)) }],
    ['with its type empty', typed('', operation)],
    [
      'compressed',
      {
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', accept: GRAPHQL_JSON },
        body: new Uint8Array(gzipSync(operation)),
      },
    ],
    ['in a list', typed('application/json', `[${operation}]`)],
    ['by PUT', { method: 'PUT', ...typed('application/json', operation) }],
  ])('does not run %s', async (_, request) => {
    const reply = await send(service.app, { ...request, token: null })
    expectRefusal(reply, 'BAD_USER_INPUT')
    expect(reply.text).not.toContain('Session')
    expect(Object.prototype).not.toHaveProperty('polluted')
  })

  it('a query runs by GET, with variables', async () => {
    const query = 'query($who: String!) { userAffinities(identifier: $who) { __typename } }'
    const path = `/graphql?${new URLSearchParams({ query, variables: '{"who":"alice"}' })}`
    const reply = await send(service.app, { method: 'GET', path, headers: { accept: GRAPHQL_JSON } })
    expect([reply.status, reply.text]).toEqual([
      200,
      '{"data":{"userAffinities":{"__typename":"UserAffinities"}}}',
    ])
  })
})

describe('another origin', () => {
  const origin = { origin: 'https://evil.example' }
  const granted = (headers: Headers) =>
    [...headers.keys()].filter((name) => name.startsWith('access-control'))

  it('is granted nothing on a request', async () => {
    const headers = { ...origin, 'content-type': 'application/json', accept: GRAPHQL_JSON }
    const reply = await send(service.app, { headers, body: JSON.stringify({ query: QUERY }) })
    expect(granted(reply.headers)).toEqual([])
  })

  it.each(['/graphql', '/health/ready', '/'])('is granted nothing by a preflight of %s', async (path) => {
    const reply = await send(service.app, {
      method: 'OPTIONS',
      path,
      token: null,
      headers: {
        ...origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type',
      },
    })
    expect(granted(reply.headers)).toEqual([])
    expect(reply.status).toBeGreaterThanOrEqual(400)
  })

  it('is granted nothing on health, whose answer must not be framed', async () => {
    const reply = await send(service.app, { method: 'GET', path: '/health/ready', headers: origin })
    expect(granted(reply.headers)).toEqual([])
    expect(reply.headers.get('x-frame-options')).toBe('DENY')
  })
})

describe('every answer', () => {
  const requests: [string, RawRequest][] = [
    ['data', { body: JSON.stringify({ query: QUERY }) }],
    ['an error', { body: '{' }],
    ['a refusal', { body: JSON.stringify({ query: QUERY }), token: null }],
    ['a GET', { method: 'GET', path: url(QUERY), headers: {} }],
    ['health', { method: 'GET', path: '/health/live', headers: {} }],
    ['readiness', { method: 'GET', path: '/health/ready', headers: {} }],
    ['Yoga’s health', { method: 'GET', path: '/health', headers: {} }],
    ['an unknown path', { method: 'GET', path: '/nope', headers: {} }],
    ['GraphiQL', { method: 'GET', headers: { accept: 'text/html' } }],
  ]

  it.each(requests)('(%s) must not be cached, sniffed or framed', async (_, request) => {
    const { headers } = await send(service.app, request)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';.*frame-ancestors 'none'/)
  })

  it.each(requests)('(%s) carries the request’s id', async (_, request) => {
    const headers = {
      ...(request.headers ?? { 'content-type': 'application/json' }),
      'x-request-id': 'trace-1:2.3',
    }
    expect((await send(service.app, { ...request, headers })).headers.get('x-request-id')).toBe('trace-1:2.3')
    expect((await send(service.app, request)).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it.each([
    ['markup', '<script>alert(1)</script>'],
    ['a colour code', 'a\u009b31mb'],
    ['quotes', '"},{"level":60,"msg":"forged'],
    ['blanks', 'a b'],
    ['too much', 'x'.repeat(101)],
    ['nothing', ''],
  ])('gets a new request id if the caller’s id has %s', async (_, id) => {
    const headers = { 'content-type': 'application/json', 'x-request-id': id }
    const reply = await send(service.app, { headers, body: JSON.stringify({ query: QUERY }) })
    const ours = reply.headers.get('x-request-id')
    expect(ours).toMatch(/^[0-9a-f-]{36}$/)
    expect(service.logs.at(-1)).toMatchObject({ requestId: ours })
  })
})

describe('a text of the client:', () => {
  const controls = /\p{C}/u

  it.each([
    ['an operation name', { query: 'query A { viewer { name } }', operationName: 'A\r\n\u001b[31mforged' }],
    ['a document', { query: '{ viewer { name } }\u001b[2J\r\n{"level":60}' }],
    [
      'an email',
      {
        query: 'mutation($e: String!) { login(email: $e, password: "x") { __typename } }',
        variables: { e: 'a\r\n\u001b[31mforged@example.com' },
      },
    ],
    [
      'a search',
      {
        query: 'query($s: String!) { affinities(search: $s) { totalCount } }',
        variables: { s: 'a\r\n\u001b[31mforged' },
      },
    ],
  ])('%s with line breaks and colour codes does not reach the log raw', async (_, body) => {
    const before = service.logs.length
    await send(service.app, { body: JSON.stringify(body) })
    const lines = service.logs.slice(before)
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'request' }))
    for (const line of lines) {
      for (const value of Object.values(line)) expect(String(value)).not.toMatch(controls)
    }
    expect(JSON.stringify(lines)).not.toContain('forged')
  })

  it('an operation of 10,000 characters is cut in the log', async () => {
    await post(service.app, `query ${'A'.repeat(10_000)} { viewer { name } }`)
    expect(String(service.logs.at(-1)?.['operation'])).toHaveLength(100)
  })
})
