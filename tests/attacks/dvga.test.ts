/** The challenges of Damn Vulnerable GraphQL Application that could apply here, by its own titles, over real HTTP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { PRODUCTION } from '../support/app.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import {
  type Attack,
  getPath,
  JSON_TYPE,
  type Listening,
  nothingThere,
  onlyData,
  refused,
  startListening,
} from './http.js'
import { type Reply, repeat } from './support.js'

let server: Listening
beforeAll(async () => {
  server = await startListening({ env: PRODUCTION })
})
afterAll(() => server.close())

const invalid = refused('GRAPHQL_VALIDATION_FAILED')
const nobody = onlyData({ userAffinities: { code: 'NOT_FOUND' } })
const FIND = 'query ($who: String!) { userAffinities(identifier: $who) { ... on Error { code } } }'
const find = (who: string) => (s: Listening) => s.post(FIND, { who })
const none = onlyData({ affinities: { totalCount: 0 } })
const search = (text: string) => (s: Listening) =>
  s.post('query ($s: String!) { affinities(search: $s) { totalCount } }', { s: text })
const cookie = (value: string) => (s: Listening) =>
  s.send({ token: null, headers: { ...JSON_TYPE, cookie: value }, body: '{"query":"{ viewer { name } }"}' })

const DENIAL: readonly Attack[] = [
  [
    'Batch Query Attack',
    (s) => s.send({ body: JSON.stringify(Array(100).fill({ query: '{ viewer { name } }' })) }),
    refused('BAD_USER_INPUT'),
  ],
  [
    'Deep Recursion Query Attack',
    (s) =>
      s.post(
        `{ affinities(first: 1) { nodes { ${'user { apiKeys { '.repeat(50)} id ${'} }'.repeat(50)} } } }`,
      ),
    invalid,
  ],
  [
    'Resource Intensive Query Attack: many pages of everything',
    (s) =>
      s.post(
        `{ ${repeat(20, (i) => `a${i}: affinities(first: 1000) { nodes { id user { apiKeys { id } } provider { affinityCount } } }`)} }`,
      ),
    invalid,
  ],
  ['Field Duplication Attack', (s) => s.post(`{ viewer { ${repeat(900, () => 'name')} } }`), invalid],
  [
    'Aliases based Attack',
    (s) => s.post(`{ ${repeat(50, (i) => `q${i}: affinities { totalCount }`)} }`),
    invalid,
  ],
  [
    'Circular Fragment',
    (s) => s.post('{ ...x } fragment x on Query { ...y } fragment y on Query { ...x }'),
    invalid,
  ],
]

const DISCLOSURE: readonly Attack[] = [
  ['GraphQL Introspection', (s) => s.post('{ __schema { queryType { fields { name } } } }'), invalid],
  [
    'GraphQL Interface',
    (s) => s.send({ method: 'GET', path: '/graphql', headers: { accept: 'text/html' }, token: null }),
    nothingThere,
  ],
  [
    'GraphQL Field Suggestions',
    (s) => s.post('{ affinitys { totalCount } }'),
    (reply) => {
      invalid(reply)
      expect(reply.text).not.toMatch(/affinities|did you/i)
    },
  ],
  [
    'Server Side Request Forgery: an address as an identifier',
    find('http://169.254.169.254/latest/meta-data/'),
    nobody,
  ],
  ['Server Side Request Forgery: an address as a search', search('http://127.0.0.1:6379/'), none],
  [
    'Stack Trace Errors',
    (s) => s.post('{ affinities(first: {}) { totalCount } }'),
    (reply) => {
      expect(reply.status).toBe(400)
      expect(reply.text).not.toMatch(/stack|\.js:|node_modules/)
    },
  ],
  [
    'Debug parameter',
    (s) => s.send({ body: '{"query":"{ nope }","debug":1,"extensions":{"debug":true}}' }),
    (reply) => {
      expect(reply.status).toBe(400)
      expect(reply.text).not.toMatch(/stack|trace/)
    },
  ],
]

const EXECUTION: readonly Attack[] = [
  ['OS Command Injection #1', find('localhost; cat /etc/passwd'), nobody],
  ['OS Command Injection #2', find('$(id)`id`|id&&id'), nobody],
  ['SQL Injection', search("%' UNION SELECT id, password_hash FROM users --"), none],
  [
    'SQL Injection in a filter',
    (s) =>
      s.post('query ($f: AffinityFilter) { affinities(filter: $f) { totalCount } }', {
        f: { userId: "' OR '1'='1" },
      }),
    none,
  ],
  [
    'Stored Cross Site Scripting: an answer is no page',
    (s) =>
      s.send({
        method: 'GET',
        path: getPath(FIND, { variables: '{"who":"<script>alert(1)</script>"}' }),
        headers: { accept: 'text/html,*/*' },
      }),
    (reply) => {
      expect(reply.headers.get('content-type')).toMatch(/json/)
      expect(reply.headers.get('x-content-type-options')).toBe('nosniff')
    },
  ],
  [
    'HTML Injection: an unknown path does not repeat itself',
    (s) => s.send({ method: 'GET', path: '/nope/%3Ch1%3Ehello', headers: {}, token: null }),
    (reply) => {
      expect(reply.status).toBe(404)
      expect(reply.text).not.toMatch(/<h1>|%3Ch1/i)
    },
  ],
]

const AUTHORIZATION: readonly Attack[] = [
  [
    'GraphQL JWT Token Forge: of no signature',
    (s) =>
      s.post(
        '{ viewer { name } }',
        {},
        `${btoa('{"alg":"none"}')}.${btoa(`{"user_id":"${FIXTURE_ADMIN.id}","type":"access","exp":9999999999}`)}.`.replace(
          /=/g,
          '',
        ),
      ),
    refused('UNAUTHENTICATED'),
  ],
  [
    'GraphQL Interface Protection Bypass: a cookie opens nothing',
    cookie('env=graphiql:enable; session=admin'),
    refused('UNAUTHENTICATED'),
  ],
  [
    'GraphQL Query Deny List Bypass: by an operation name',
    (s) => s.post('query getViewer { __schema { types { name } } }'),
    invalid,
  ],
  [
    'GraphQL Query Deny List Bypass: by an alias',
    (s) => s.post('{ viewer: __type(name: "User") { name } }'),
    invalid,
  ],
  [
    'GraphQL Query Deny List Bypass: by a fragment',
    (s) => s.post('{ ... { ... on Query { __schema { types { name } } } } }'),
    invalid,
  ],
  [
    'Arbitrary File Write // Path Traversal: of the console',
    (s) => s.send({ method: 'GET', path: '/assets/..%2f..%2f..%2fetc/passwd', headers: {}, token: null }),
    nothingThere,
  ],
  ['Arbitrary File Write // Path Traversal: as an identifier', find('../../../../etc/passwd'), nobody],
  [
    'File upload',
    (s) =>
      s.send({
        headers: { 'content-type': 'multipart/form-data; boundary=x' },
        body: '--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{"query":"{ __typename }"}\r\n--x--\r\n',
      }),
    refused('BAD_USER_INPUT'),
  ],
]

describe.each([
  ['Denial of Service', DENIAL],
  ['Information Disclosure', DISCLOSURE],
  ['Code Execution and Injection', EXECUTION],
  ['Authorization Bypass and Miscellaneous', AUTHORIZATION],
] as const)('%s', (_title, attacks) => {
  it.each(attacks)('%s', async (_, attack, outcome) => outcome(await attack(server)))
})

describe('Miscellaneous', () => {
  const login = (password: string): Promise<Reply> =>
    server.post(
      'mutation ($e: String!, $p: String!) { login(email: $e, password: $p) { __typename } }',
      { e: FIXTURE_ADMIN.email, p: password },
      null,
    )

  it('GraphQL Query Weak Password Protection: guessing ends after five, whatever is guessed', async () => {
    const replies: Reply[] = []
    for (const guess of [
      '123456',
      'password',
      'admin',
      'root',
      'changeme',
      'letmein',
      FIXTURE_ADMIN.password,
    ]) {
      replies.push(await login(guess))
    }
    for (const reply of replies.slice(0, 5)) expect(reply.text).toContain('InvalidCredentialsError')
    for (const reply of replies.slice(5)) refused('RATE_LIMITED')(reply)
  })

  it('Log Injection: a name with a line of its own is no line of the log', async () => {
    const before = server.service.logs.length
    await server.post('query getPaste { viewer { name } }')
    await server.send({
      body: JSON.stringify({ query: 'query A { viewer { name } }', operationName: 'A\n{"level":60}' }),
    })
    expect(server.service.logs.slice(before).map(({ level }) => level)).not.toContain(60)
  })

  it('after all of it every table is as it was', async () => {
    const users = await sql(server.service.databaseUrl, 'SELECT id FROM users')
    expect(users.length).toBeGreaterThan(10)
    expect(
      JSON.parse((await server.post('{ affinities { totalCount } }')).text).data.affinities.totalCount,
    ).toBe(506)
  })
})
