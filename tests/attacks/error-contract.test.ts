import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { brokenTable } from '../support/odd-table.js'
import {
  codesOf,
  errorsOf,
  expectPublicErrors,
  expectRefusal,
  GRAPHQL_JSON,
  post,
  type RawRequest,
  send,
} from './support.js'

let service: TestApp
beforeAll(async () => {
  service = await startTestApp()
})
afterAll(() => service.close())

const url = (parameters: Record<string, string>) => `/graphql?${new URLSearchParams(parameters)}`
const json = (value: unknown): RawRequest => ({ body: JSON.stringify(value) })
const get = (parameters: Record<string, string>): RawRequest => ({
  method: 'GET',
  path: url(parameters),
  headers: { accept: GRAPHQL_JSON },
})

const VIEWER = '{ viewer { name } }'
const LOGIN = 'mutation { login(email: "a@example.com", password: "b") { __typename } }'
const BY_FIRST = 'query($first: Int!) { affinities(first: $first) { totalCount } }'

describe('whatever is wrong with a request, the answer is a 4xx with a published code', () => {
  it.each<[string, RawRequest, string]>([
    ['a document cut short', json({ query: '{ viewer {' }), 'GRAPHQL_PARSE_FAILED'],
    ['an empty document', json({ query: '   # nothing' }), 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', json({ query: '{ nope }' }), 'GRAPHQL_VALIDATION_FAILED'],
    [
      'an unknown argument',
      json({ query: '{ affinities(nope: 1) { totalCount } }' }),
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'a string for a number',
      json({ query: '{ affinities(first: "1") { totalCount } }' }),
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'a string for a number in a variable',
      json({ query: BY_FIRST, variables: { first: '1' } }),
      'BAD_USER_INPUT',
    ],
    [
      'a number past 32 bits in a variable',
      json({ query: BY_FIRST, variables: { first: 2 ** 31 } }),
      'BAD_USER_INPUT',
    ],
    ['a required variable left out', json({ query: BY_FIRST }), 'BAD_USER_INPUT'],
    ['variables that are a list', json({ query: VIEWER, variables: [] }), 'BAD_USER_INPUT'],
    ['variables that are a string', json({ query: VIEWER, variables: 'first=1' }), 'BAD_USER_INPUT'],
    ['an unknown parameter', json({ query: VIEWER, id: 1 }), 'BAD_USER_INPUT'],
    ['no query', json({ variables: {} }), 'BAD_USER_INPUT'],
    ['a query that is an object', json({ query: { kind: 'Document' } }), 'BAD_USER_INPUT'],
    ['a query that is a list', json({ query: [VIEWER] }), 'BAD_USER_INPUT'],
    [
      'an operation name that does not occur',
      json({ query: `query A ${VIEWER}`, operationName: 'B' }),
      'BAD_USER_INPUT',
    ],
    [
      'an operation name that is a number',
      json({ query: `query A ${VIEWER}`, operationName: 7 }),
      'BAD_USER_INPUT',
    ],
    [
      'an operation name that is an object',
      json({ query: `query A ${VIEWER}`, operationName: { A: 1 } }),
      'BAD_USER_INPUT',
    ],
    ['two operations and no name', json({ query: `query A ${VIEWER} query B ${VIEWER}` }), 'BAD_USER_INPUT'],
    [
      'a subscription where there is none',
      json({ query: 'subscription { nope }' }),
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a list of operations', json([{ query: VIEWER }]), 'BAD_USER_INPUT'],
    ['an empty list of operations', json([]), 'BAD_USER_INPUT'],
    ['null', json(null), 'BAD_USER_INPUT'],
    ['a number', json(7), 'BAD_USER_INPUT'],
    ['a string', json(VIEWER), 'BAD_USER_INPUT'],
    ['no body', {}, 'BAD_USER_INPUT'],
    ['an empty body', { body: '' }, 'BAD_USER_INPUT'],
    ['malformed JSON', { body: '{"query": "{ viewer { name } }",}' }, 'BAD_USER_INPUT'],
    ['5,000 opening brackets', { body: '['.repeat(5_000) }, 'BAD_USER_INPUT'],
    ['5,000 nested lists', { body: `${'['.repeat(5_000)}${']'.repeat(5_000)}` }, 'BAD_USER_INPUT'],
    ['5,000 opening brackets as the query', json({ query: '['.repeat(5_000) }), 'GRAPHQL_PARSE_FAILED'],
    ['bytes that are no UTF-8', { body: new Uint8Array([0x7b, 0x22, 0xff, 0xfe]) }, 'BAD_USER_INPUT'],
    [
      'a body over the limit',
      json({ query: VIEWER, variables: { v: 'x'.repeat(500_000) } }),
      'BAD_USER_INPUT',
    ],
    ['a GET without a query', get({}), 'BAD_USER_INPUT'],
    ['a GET with malformed variables', get({ query: VIEWER, variables: '{' }), 'BAD_USER_INPUT'],
    ['a GET with variables that are a list', get({ query: VIEWER, variables: '[]' }), 'BAD_USER_INPUT'],
    ['a GET with malformed extensions', get({ query: VIEWER, extensions: '{' }), 'BAD_USER_INPUT'],
    ['a GET with a mutation', get({ query: LOGIN }), 'BAD_USER_INPUT'],
    ['a PUT', { method: 'PUT', ...json({ query: VIEWER }) }, 'BAD_USER_INPUT'],
    ['a PATCH', { method: 'PATCH', ...json({ query: VIEWER }) }, 'BAD_USER_INPUT'],
    ['a DELETE', { method: 'DELETE' }, 'BAD_USER_INPUT'],
  ])('%s', async (_, request, code) => {
    const logged = service.logs.length
    expectRefusal(await send(service.app, request), code)
    const levels = service.logs.slice(logged).map(({ level }) => level)
    expect(
      levels.every((level) => level === 30),
      'a client’s mistake is not logged as an error',
    ).toBe(true)
  })

  it.each<[string, RawRequest]>([
    ['malformed JSON', { body: '{' }],
    ['no query', json({})],
    ['a GET with malformed variables', get({ query: VIEWER, variables: '{' })],
    ['a document over its limits', json({ query: `{${'a:__typename '.repeat(2)}${'x'.repeat(40_000)}}` })],
  ])('%s is a 4xx for a client that accepts only application/json as well', async (_, request) => {
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    expectRefusal(await send(service.app, { ...request, headers }), 'BAD_USER_INPUT')
  })

  it('an error in a field comes with the data of the others', async () => {
    const reply = await post(service.app, '{ viewer { name } affinities(first: 0) { totalCount } }')
    expectPublicErrors(reply)
    expect(codesOf(reply)).toEqual(['BAD_USER_INPUT'])
  })

  it('names the variable that is wrong', async () => {
    const reply = await post(service.app, BY_FIRST, { first: 'ten' })
    expect(errorsOf(reply)[0]?.message).toContain('$first')
  })

  it('a path that does not exist is a 404 without a body', async () => {
    const reply = await send(service.app, { method: 'GET', path: '/../../etc/passwd', headers: {} })
    expect([reply.status, reply.text]).toEqual([404, ''])
  })
})

describe('an internal failure', () => {
  it('is reported once for each field name, and logged once, not a thousand times', async () => {
    const failing = await startTestApp()
    try {
      await brokenTable(failing.databaseUrl, 'providers')
      const reply = await post(failing.app, '{ affinities(first: 1000) { nodes { id provider { name } } } }')
      expect(JSON.parse(reply.text).data.affinities.nodes).toHaveLength(506)
      expect(errorsOf(reply)).toHaveLength(1)
      expect(codesOf(reply)).toEqual(['INTERNAL_SERVER_ERROR'])
      expect(failing.logs.filter(({ msg }) => msg === 'unexpected error')).toHaveLength(1)
    } finally {
      await failing.close()
    }
  })

  it('is answered with INTERNAL_SERVER_ERROR, and only the log has its reason', async () => {
    const failing = await startTestApp()
    try {
      await brokenTable(failing.databaseUrl, 'users')
      const reply = await post(failing.app, '{ userAffinities(identifier: "alice") { __typename } }')
      expectPublicErrors(reply)
      expect(codesOf(reply)).toEqual(['INTERNAL_SERVER_ERROR'])
      expect(errorsOf(reply)[0]?.message).toBe('Unexpected error.')
      expect(JSON.stringify(failing.logs)).toContain('division by zero')
    } finally {
      await failing.close()
    }
  })
})
