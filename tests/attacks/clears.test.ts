import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import {
  BROKEN_AFFINITIES,
  CLEARS,
  type Clear,
  COUNTERS,
  clear,
  clearDocument,
  contents,
  FIXTURE_AFFINITIES,
  reload,
} from '../api/clearing.js'
import { startTestApp, type TestApp, VIEWER_TOKEN } from '../support/app.js'
import { post, repeat } from './support.js'

const ANTHROPIC = '42a90167-8c53-4a24-b4e4-2b0c84578881'
const NOW = Date.now()

let service: TestApp
let before: Map<string, string>
beforeAll(async () => {
  service = await startTestApp({ now: () => NOW, env: { CLEAR_GUARD_SECONDS: '0' } })
  before = await contents(service.redis.client())
})
afterAll(() => service.close())

const auditRows = async () => (await sql(service.databaseUrl, 'SELECT id FROM audit_logs')).length

/** Whatever was sent: Redis is as it was. */
async function expectUntouched(): Promise<void> {
  const after = await contents(service.redis.client())
  after.delete(COUNTERS)
  const differing = [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => after.get(key) !== before.get(key),
  )
  expect(differing).toEqual([])
}

/** Strings that mean something to Redis, to SQL, to JSON, to a template or to a terminal. */
const HOSTILE = [
  '*',
  '?',
  '[a-z]*',
  'cache_affinity:*',
  '*:*:*',
  '\\',
  '%',
  '_',
  "' OR '1'='1",
  "'; DROP TABLE audit_logs; --",
  '$1',
  '{"$ne": null}',
  '["a"]',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  'a\r\nDEL x\r\n',
  '*1\r\n$8\r\nFLUSHALL\r\n',
  '\u001b[2J',
  '<script>alert(1)</script>',
  '{{7*7}}',
  'a\0b',
  '\ud800',
  '模型',
  'x'.repeat(20_000),
]

describe('a clear removes nothing', () => {
  it('for hostile texts as names', async () => {
    for (const text of HOSTILE) {
      const calls: [Clear, object][] = [
        ['clearUserCache', { identifier: text }],
        ['clearProviderCache', { providerId: text }],
        ['clearSingleAffinity', { affinityKey: text, endpointId: text, modelId: text, apiFormat: text }],
        ['clearAffinities', { filter: { userId: text } }],
        ['clearAffinities', { filter: { affinityKey: text, modelId: text, apiFormat: text } }],
        ['clearAffinities', { filter: { providerId: text, endpointId: text, providerKeyId: text } }],
      ]
      for (const [name, args] of calls) {
        const answer = await clear(service, name, args)
        expect(answer.clearedCount ?? 0, `${name} ${text.slice(0, 30)}`).toBe(0)
        expect(answer.code ?? 'cleared', `${name} ${text.slice(0, 30)}`).toMatch(
          /^(cleared|NOT_FOUND|INVALID_INPUT)$/,
        )
      }
    }
    await expectUntouched()
    const { data, errors } = await service.query(
      '{ auditEvents(action: "cache_clear_filtered", first: 1000) { totalCount } }',
    )
    expect(errors).toEqual([])
    expect(data.auditEvents.totalCount).toBe(HOSTILE.length * 3)
  })

  it('for values of other types in place of a string', async () => {
    const odd = [{}, [], [ANTHROPIC], { id: ANTHROPIC }, true, null, 1.5, { __proto__: 'x' }]
    for (const value of odd) {
      for (const [name, variables] of [
        ['clearProviderCache', { providerId: value }],
        ['clearUserCache', { identifier: value }],
        ['clearAffinities', { filter: value }],
        ['clearAffinities', { filter: { providerId: value } }],
        ['clearAllCache', { confirm: value }],
      ] as const) {
        if (name === 'clearAllCache' && value === true) continue
        const { data } = await service.query(clearDocument(name), variables)
        expect(data?.[name]?.clearedCount ?? 0, `${name} ${JSON.stringify(value)}`).toBe(0)
      }
    }
    await expectUntouched()
  })

  it('for a number as an id, which is an id of digits', async () => {
    const answer = await clear(service, 'clearProviderCache', { providerId: 42 })
    expect(answer).toMatchObject({ clearedCount: 0 })
  })

  it.each([
    '{}',
    '{"filter": {}}',
    '{"filter": {"__proto__": {"stale": true}}}',
    '{"filter": {"constructor": {"prototype": {"stale": true}}}}',
    '{"__proto__": {"filter": {"stale": true}}}',
    '{"filter": {"providerId": null, "stale": null}}',
    '{"filter": {"providerId": ""}}',
    '{"filter": {"unknown": "x"}}',
    '{"filter": [{}]}',
  ])('for a selector without a condition: %s', async (variables) => {
    const response = await service.app.yoga.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer static-admin-token-of-the-tests',
      },
      body: `{"query": ${JSON.stringify(clearDocument('clearAffinities'))}, "variables": ${variables}}`,
    })
    expect(await response.text()).toMatch(/INVALID_INPUT|BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED/)
    await expectUntouched()
  })

  it('if the confirmation is missing or is not true', async () => {
    for (const confirm of ['"true"', '1', '"yes"', 'null', '[true]', '{}', 'TRUE', 'false']) {
      for (const name of ['clearAllCache', 'clearAllModelMappingCache']) {
        const { data } = await service.query(`mutation { ${name}(confirm: ${confirm}) { __typename } }`)
        const type = data?.[name]?.__typename ?? 'refused'
        expect(type, `${name} ${confirm}`).toMatch(/^(refused|ConfirmationRequiredError)$/)
      }
    }
    const { data } = await service.query(
      'mutation { clearAllCache { __typename } clearAllModelMappingCache { __typename } }',
    )
    for (const answer of Object.values(data))
      expect(answer).toEqual({ __typename: 'ConfirmationRequiredError' })
    await expectUntouched()
  })
})

describe('many clears in one request', () => {
  it.each([50, 29, 11])('are refused before the first of them runs: %i', async (count) => {
    const rows = await auditRows()
    const clears = repeat(count, (n) => `c${n}: clearAllCache(confirm: true) { __typename }`)
    const reply = await post(service.app, `mutation { ${clears} }`)
    expect(reply.status).toBe(400)
    expect(reply.text).toContain('GRAPHQL_VALIDATION_FAILED')
    expect(await auditRows()).toBe(rows)
    await expectUntouched()
  })

  it('are refused through fragments, too', async () => {
    const rows = await auditRows()
    const parts = repeat(
      12,
      (n) => `fragment f${n} on Mutation { c${n}: clearAllCache(confirm: true) { __typename } }`,
    )
    const reply = await post(service.app, `mutation { ${repeat(12, (n) => `...f${n}`)} } ${parts}`)
    expect(reply.text).toContain('GRAPHQL_VALIDATION_FAILED')
    expect(await auditRows()).toBe(rows)
    await expectUntouched()
  })

  it('run one after the other if they are few, each with an audit row of its own', async () => {
    const rows = await auditRows()
    const clears = repeat(
      5,
      (n) => `c${n}: clearProviderCache(providerId: "${n}") { ... on ClearPayload { clearedCount } }`,
    )
    const { data } = await service.query(`mutation { ${clears} }`)
    expect(Object.values(data)).toEqual(Array.from({ length: 5 }, () => ({ clearedCount: 0 })))
    expect(await auditRows()).toBe(rows + 5)
  })
})

describe('a caller who may not clear', () => {
  const good: Readonly<Record<Clear, object>> = {
    clearUserCache: { identifier: 'bob' },
    clearSingleAffinity: { affinityKey: 'a', endpointId: 'b', modelId: 'c', apiFormat: 'd' },
    clearProviderCache: { providerId: ANTHROPIC },
    clearAffinities: { filter: { stale: true } },
    clearAllCache: { confirm: true },
    clearAllModelMappingCache: { confirm: true },
    clearModelMappingCacheByName: { modelName: 'gpt-5' },
    clearProviderModelMappingCache: { providerId: ANTHROPIC, globalModelId: 'x' },
  }

  it.each(Object.keys(CLEARS) as Clear[])('cannot even make a dry run: %s', async (name) => {
    for (const dryRun of [false, true]) {
      for (const [token, code] of [
        [VIEWER_TOKEN, 'FORBIDDEN'],
        [null, 'UNAUTHENTICATED'],
        ['', 'UNAUTHENTICATED'],
        [`${VIEWER_TOKEN}x`, 'UNAUTHENTICATED'],
      ] as const) {
        const { data, errors } = await service.query(
          clearDocument(name),
          { ...good[name], dryRun },
          { token },
        )
        expect(data).toBeNull()
        expect(errors.map(({ extensions }) => extensions['code'])).toEqual([code])
      }
    }
    await expectUntouched()
  })

  it('learns nothing by trying: an existing and an unknown name get the same answer', async () => {
    const answers = await Promise.all(
      ['bob', 'nobody', ''].map(async (identifier) => {
        const { errors } = await service.query(
          clearDocument('clearUserCache'),
          { identifier },
          { token: VIEWER_TOKEN },
        )
        return errors.map(({ message, extensions }) => [message, extensions['code']])
      }),
    )
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
  })
})

describe('the same clear twenty times at once', () => {
  it('clears each record once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => clear(service, 'clearAllCache', { confirm: true })),
    )
    const total = answers.reduce((sum, { clearedCount }) => sum + clearedCount, 0)
    expect(total).toBe(FIXTURE_AFFINITIES + BROKEN_AFFINITIES)
    await reload(service, NOW)
  })

  it('clears one pin once, and finds nothing nineteen times', async () => {
    const pin = {
      affinityKey: '735dc327-1ce2-42d6-ab4c-0859d26542ee',
      endpointId: '584f1361-5ed6-41f7-8ac5-5ecf1a468fa4',
      modelId: 'weird*[a-z]?\\name',
      apiFormat: 'CLAUDE',
    }
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => clear(service, 'clearSingleAffinity', pin)),
    )
    expect(answers.filter(({ clearedCount }) => clearedCount === 1)).toHaveLength(1)
    expect(answers.filter(({ code }) => code === 'NOT_FOUND')).toHaveLength(19)
  })
})
