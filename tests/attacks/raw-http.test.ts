/** Requests that no HTTP client would write, as bytes on a connection. */

import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, PRODUCTION } from '../support/app.js'
import { type Listening, startListening } from './http.js'

let server: Listening
beforeAll(async () => {
  server = await startListening({ env: PRODUCTION })
})
afterAll(() => server.close())

const TOKEN = `authorization: Bearer ${ADMIN_TOKEN}`
const QUERY = '{"query":"{ viewer { name } }"}'

/** All that comes back until the server hangs up, or is silent for a second. */
function say(text: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(server.url)
  return new Promise((resolve) => {
    let received = ''
    const socket = connect(Number(port), hostname, () => socket.write(text))
    socket.setTimeout(1_000, () => socket.destroy())
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    // A reset is one way of hanging up.
    socket.on('error', () => {})
    socket.on('close', () => resolve(received))
  })
}

const statusesOf = (answer: string): number[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))

const post = (headers: readonly string[], body = QUERY, version = '1.1'): string =>
  [
    `POST /graphql HTTP/${version}`,
    'host: x',
    'connection: close',
    `content-length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    body,
  ].join('\r\n')
const get = (target: string, headers: readonly string[] = [], method = 'GET'): string =>
  [`${method} ${target} HTTP/1.1`, 'host: x', 'connection: close', ...headers, '', ''].join('\r\n')
const JSON_TYPE = 'content-type: application/json'

it.each<[string, string, number[]]>([
  ['HTTP/1.0', post([TOKEN, JSON_TYPE], QUERY, '1.0'), [200]],
  [
    'a client that asks to go on (Expect: 100-continue)',
    post([TOKEN, JSON_TYPE, 'expect: 100-continue']),
    [100, 200],
  ],
  ['a charset that is UTF-8', post([TOKEN, 'content-type: application/json; charset=UTF-8']), [200]],
  ['another host’s name', post([TOKEN, JSON_TYPE]).replace('host: x', 'host: evil.example:81'), [200]],
  ['an address as host', post([TOKEN, JSON_TYPE]).replace('host: x', 'host: [2001:db8::1]:4000'), [200]],
  ['HTTP/1.0 without a host', post([TOKEN, JSON_TYPE], QUERY, '1.0').replace('host: x\r\n', ''), [200]],
  ['a whole URL', post([TOKEN, JSON_TYPE]).replace('/graphql', 'http://evil.example/graphql'), [200]],
  [
    'two requests in one packet',
    `${post([TOKEN, JSON_TYPE]).replace('connection: close\r\n', '')}${post([TOKEN, JSON_TYPE])}`,
    [200, 200],
  ],
])('%s is answered', async (_, text, statuses) => {
  expect(statusesOf(await say(text))).toEqual(statuses)
})

describe('is refused as the client’s fault, without internal details:', () => {
  it.each<[string, string | Buffer]>([
    ['another expectation', post([TOKEN, JSON_TYPE, 'expect: a-miracle'])],
    [
      'two authorization headers, of which the first is wrong',
      post(['authorization: Bearer wrong', TOKEN, JSON_TYPE]),
    ],
    ['a token with a letter beyond ASCII', post([`${TOKEN}é`, JSON_TYPE])],
    ['a token that is nothing', post(['authorization: Bearer ', JSON_TYPE])],
    ['a length and chunks at once', post([TOKEN, JSON_TYPE, 'transfer-encoding: chunked'])],
    [
      'a malformed chunk',
      `${get('/graphql', [TOKEN, JSON_TYPE, 'transfer-encoding: chunked'], 'POST')}zz\r\n{}`,
    ],
    ['two lengths', post([TOKEN, JSON_TYPE, 'content-length: 3'])],
    ['a length below zero', get('/graphql', [TOKEN, JSON_TYPE, 'content-length: -1'], 'POST')],
    ['UTF-16', post([TOKEN, 'content-type: application/json; charset=utf-16'])],
    ['a content type that only begins like JSON', post([TOKEN, 'content-type: application/jsonx'])],
    ['no host', post([TOKEN, JSON_TYPE]).replace('host: x\r\n', '')],
    ['TRACE', get('/graphql', [TOKEN], 'TRACE')],
    ['DELETE', get('/graphql', [TOKEN], 'DELETE')],
    ['a method nobody knows', get('/graphql', [TOKEN], 'BREW')],
    ['bytes that are no HTTP', Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 13, 10, 13, 10])],
    ['20 kB of headers', get('/graphql', [TOKEN, `x-large: ${'x'.repeat(20_000)}`])],
    ['500 headers of the same name in 20 kB', get('/graphql', Array(500).fill(`x-many: ${'x'.repeat(30)}`))],
  ])('%s', async (_, text) => {
    const answer = await say(text)
    const kinds = statusesOf(answer).map((status) => Math.floor(status / 100))
    expect(new Set(kinds), answer.slice(0, 300)).toEqual(new Set([4]))
    expect(answer).not.toMatch(/"data":\{"viewer":\{|node_modules|stack/)
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200)
  })
})

describe('is refused before routing, with one JSON error and nothing internal:', () => {
  const asked = (host: string, target = '/graphql') =>
    post([TOKEN, JSON_TYPE]).replace('host: x\r\n', host).replace('/graphql', target)

  it.each([
    ['no Host', asked('')],
    ['an empty Host', asked('host:\r\n')],
    ['two Hosts', asked('host: x\r\nhost: y\r\n')],
    ['two equal Hosts', asked('host: x\r\nhost: x\r\n')],
    ['a Host with a path, which would choose the route', asked('host: x/graphql?\r\n', '/nothing-here')],
    ['a Host with a path and a fragment', asked('host: x/health/live#\r\n')],
    ['a Host with a query', asked('host: x?a\r\n')],
    ['a Host with a user', asked('host: x@y\r\n')],
    ['a Host with a backslash', asked('host: x\\graphql\r\n')],
    ['a Host with a space', asked('host: x y\r\n')],
    ['a Host with an escape', asked('host: x%2fgraphql\r\n')],
    ['a Host with a letter beyond ASCII', asked('host: é\r\n')],
    ['a Host that begins a list', asked('host: x, y\r\n')],
    ['a Host with a bracket', asked('host: [\r\n')],
    ['a Host with a broken IPv6 address', asked('host: [::1::2]\r\n')],
    ['a Host with a broken IPv4 address', asked('host: 999.1.1.1\r\n')],
    ['a Host with too large a port', asked('host: x:99999\r\n')],
    ['a Host with a port that is none', asked('host: x:y\r\n')],
    ['a Host that is a URL', asked('host: http://x/\r\n')],
    ['a Host that is a port alone', asked('host: :80\r\n')],
    ['a whole URL without a host', asked('host: x\r\n', 'http:///graphql')],
    ['a whole URL with a user', asked('host: x\r\n', 'http://u:p@y/graphql')],
    ['a whole URL with a broken port', asked('host: x\r\n', 'http://y:99999/graphql')],
    ['a whole URL of another scheme', asked('host: x\r\n', 'ftp://y/graphql')],
    ['a path that begins like a host', asked('host: x\r\n', '//evil.example/graphql')],
    ['a path that begins like a host, by a backslash', asked('host: x\r\n', '/\\evil.example/graphql')],
    ['no path', asked('host: x\r\n', '*')],
    ['no path, asked for options', get('*', [], 'OPTIONS')],
    ['the console’s page by another host', get('//evil.example/', ['accept: text/html'])],
  ])('%s', async (_, text) => {
    const answer = await say(text)
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    expect(statusesOf(answer), answer.slice(0, 300)).toEqual([400])
    expect(answer).not.toMatch(/stack|node_modules|file:|Invalid URL|\bat \w+/)
    // Node's own parser refuses some of them, without a body.
    if (body === '') return
    expect(head).toContain('content-type: application/json')
    expect(head).toContain('x-content-type-options: nosniff')
    expect(JSON.parse(body)).toEqual({
      errors: [{ message: expect.any(String), extensions: { code: 'BAD_USER_INPUT' } }],
    })
  })
})

it('a CONNECT request is disconnected, since the service is no proxy', async () => {
  expect(await say(get('evil.example:443', [TOKEN], 'CONNECT'))).toBe('')
})

it('the console is served, which the following tests rely on', async () => {
  expect(statusesOf(await say(get('/', ['accept: text/html'])))).toEqual([200])
})

// The package's own package.json is two folders above the console's, and three above its assets.
describe('a path to the console’s files leads to no other file:', () => {
  it.each([
    ['up, as it stands', '/../../package.json'],
    ['slashes alone encoded', '/..%2f..%2fpackage.json'],
    ['up out of the files', '/assets/../../../package.json'],
    ['encoded dots', '/%2e%2e/%2e%2e/package.json'],
    ['encoded dots and slashes', '/assets/%2e%2e%2f%2e%2e%2f%2e%2e%2fpackage.json'],
    ['encoded twice', '/assets/%252e%252e%252f%252e%252e%252f%252e%252e%252fpackage.json'],
    ['backslashes', '/assets/..\\..\\..\\package.json'],
    ['encoded backslashes', '/assets/%5c..%5c..%5cpackage.json'],
    ['a NUL before another ending', '/assets/index.js%00.html'],
    ['a NUL alone', '/%00'],
    ['half an escape', '/%'],
    ['dots in overlong UTF-8', '/%c0%ae%c0%ae/%c0%ae%c0%ae/package.json'],
    ['another root', '//etc/passwd'],
    ['another host', '//evil.example/%2e%2e'],
    ['a whole URL', 'http://evil.example/../package.json'],
    ['__proto__', '/assets/__proto__'],
    ['constructor', '/constructor'],
    ['8,000 characters', `/${'a/'.repeat(4_000)}`],
    ['up a thousand times', `/${'%2e%2e%2f'.repeat(1_000)}etc/passwd`],
  ])('%s', async (_, target) => {
    for (const accept of ['accept: text/html', 'accept: */*']) {
      const answer = await say(get(target, [accept]))
      expect(statusesOf(answer)).toHaveLength(1)
      expect(statusesOf(answer)[0], answer.slice(0, 300)).toBeLessThan(500)
      expect(answer).not.toMatch(/"devDependencies"|root:x?:0|node_modules|location:/i)
    }
  })
})

it.each<[string, string, object | undefined]>([
  ['first: 1e20 in a variable', 'query($n: Int) { affinities(first: $n) { totalCount } }', { n: 1e20 }],
  ['first: 1e20 in the document', '{ affinities(first: 100000000000000000000) { totalCount } }', undefined],
  ['first: 0', '{ affinities(first: 0) { totalCount } }', undefined],
  ['first: 2147483648', 'query($n: Int) { affinities(first: $n) { totalCount } }', { n: 2 ** 31 }],
  ['a cursor that is empty', '{ affinities(after: "") { totalCount } }', undefined],
])('%s is the client’s fault', async (_, query, variables) => {
  const reply = await server.post(query, variables)
  expect(reply.status, reply.text).toBeLessThan(500)
  expect(reply.text).toContain('"errors"')
  expect(reply.text).not.toContain('INTERNAL_SERVER_ERROR')
})

it('of sixty sign-ins at once five are checked, and other requests go on', async () => {
  const login = (n: number) =>
    server.post(
      `mutation { login(email: "root@example.com", password: "wrong ${n}") { __typename } }`,
      {},
      null,
    )
  const replies = await Promise.all(Array.from({ length: 60 }, (_, n) => login(n)))
  expect(replies.filter(({ text }) => text.includes('InvalidCredentialsError'))).toHaveLength(5)
  expect(replies.filter(({ text }) => text.includes('RATE_LIMITED'))).toHaveLength(55)
  expect((await server.post('{ viewer { name } }')).status).toBe(200)
})

it('none of these requests is logged as an error of the service', () => {
  expect(server.service.logs.filter(({ level }) => Number(level) >= 50)).toEqual([])
})
