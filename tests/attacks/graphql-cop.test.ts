/** The checks of graphql-cop (github.com/dolevf/graphql-cop), by its own titles, against a service in production. */
import { getIntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PRODUCTION } from '../support/app.js'
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
import { repeat } from './support.js'

let server: Listening
beforeAll(async () => {
  server = await startListening({ env: PRODUCTION })
})
afterAll(() => server.close())

const invalid = refused('GRAPHQL_VALIDATION_FAILED')
const unsupported = refused('BAD_USER_INPUT')
const CLEAR = 'mutation { clearAllCache(confirm: true) { __typename } }'
const form = (query: string) => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: `${new URLSearchParams({ query })}`,
})

const ATTACKS: readonly Attack[] = [
  [
    'Alias Overloading: 101 aliases',
    (s) => s.post(`{ ${repeat(101, (i) => `alias${i}: __typename`)} }`),
    invalid,
  ],
  [
    'Array-based Query Batching: 10 in a list',
    (s) => s.send({ body: `[${repeat(10, () => '{"query":"{ __typename }"}', ',')}]` }),
    unsupported,
  ],
  ['Directive Overloading: @aa ten times', (s) => s.post(`{ __typename ${'@aa'.repeat(10)} }`), invalid],
  [
    'Directive Overloading: @skip 50 times',
    (s) => s.post(`{ __typename ${'@skip(if:false)'.repeat(50)} }`),
    invalid,
  ],
  [
    'Circular Query using Introspection',
    (s) => s.post(`{ __schema { ${'types { fields { type { '.repeat(5)} name ${'} } }'.repeat(5)} } }`),
    invalid,
  ],
  [
    'Circular Fragment',
    (s) => s.post('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }'),
    invalid,
  ],
  [
    'Field Duplication: __typename 500 times',
    (s) => s.post(`{ ${repeat(500, () => '__typename')} }`),
    invalid,
  ],
  [
    'Field Duplication: __typename 1,000 times',
    (s) => s.post(`{ ${repeat(1_000, () => '__typename')} }`),
    // More tokens than are read.
    refused('GRAPHQL_PARSE_FAILED'),
  ],
  [
    'Field Suggestions',
    (s) => s.post('{ __schema { directive } viewe { nam } }'),
    (reply) => {
      invalid(reply)
      expect(reply.text).not.toMatch(/did you mean/i)
    },
  ],
  ['Introspection', (s) => s.post(getIntrospectionQuery()), invalid],
  ['Introspection without a token', (s) => s.post(getIntrospectionQuery(), undefined, null), invalid],
  ['GraphiQL', (s) => s.send({ method: 'GET', headers: { accept: 'text/html' }, token: null }), nothingThere],
  [
    'GraphQL Playground',
    (s) => s.send({ method: 'GET', path: '/playground', headers: {}, token: null }),
    nothingThere,
  ],
  [
    'GET Method Query Support: a token in the address is none',
    (s) =>
      s.send({
        method: 'GET',
        path: getPath('{ viewer { name } }', { token: 'x' }),
        headers: {},
        token: null,
      }),
    refused('UNAUTHENTICATED'),
  ],
  [
    'Mutation is allowed over GET',
    (s) => s.send({ method: 'GET', path: getPath(CLEAR), headers: JSON_TYPE }),
    unsupported,
  ],
  ['POST based url-encoded query (possible CSRF)', (s) => s.send(form('{ __typename }')), unsupported],
  ['POST based url-encoded mutation', (s) => s.send(form(CLEAR)), unsupported],
  [
    'Trace Mode',
    (s) => s.send({ headers: { ...JSON_TYPE, 'x-apollo-tracing': '1' }, body: '{"query":"{ __typename }"}' }),
    (reply) => {
      onlyData({ __typename: 'Query' })(reply)
      expect(reply.text).not.toMatch(/tracing|startTime|resolvers/)
    },
  ],
  [
    'Unhandled Errors Detection',
    (s) => s.post('qwerty { abc }'),
    (reply) => {
      refused('GRAPHQL_PARSE_FAILED')(reply)
      expect(reply.text).not.toMatch(/exception|stacktrace|node_modules/i)
    },
  ],
]

it.each(ATTACKS)('%s', async (_, attack, outcome) => outcome(await attack(server)))
