import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, startTestApp, type TestApp } from '../support/app.js'
import { psql } from '../support/servers/postgres.js'
import { expectRefusal, post, send } from './support.js'

let service: TestApp
beforeAll(async () => {
  service = await startTestApp()
})
afterAll(() => service.close())

const SEARCH = 'query($v: String) { affinities(search: $v, first: 1) { totalCount } }'
const IDENTIFIER = `query($v: String!) { userAffinities(identifier: $v, first: 1) {
  __typename ... on UserAffinities { user { username } affinities { totalCount } } ... on Error { code } } }`
const FILTER = 'query($f: AffinityFilter) { affinities(filter: $f, first: 1) { totalCount } }'
const FILTER_FIELDS = [
  'affinityKey',
  'userId',
  'providerId',
  'endpointId',
  'providerKeyId',
  'modelId',
  'apiFormat',
]

const codes = ({ errors }: Answer) => errors.map(({ extensions }) => extensions['code'])

const HOSTILE = [
  ['SQL that ends a string', "' OR '1'='1"],
  ['SQL that drops a table', "'; DROP TABLE users; --"],
  ['SQL in double quotes', '" OR ""="'],
  ['SQL in dollar quotes', '$$; DELETE FROM users; $$'],
  ['SQL with a placeholder', '$1'],
  ['SQL after a backslash', "\\'; SELECT pg_sleep(5); --"],
  ['a union', "x' UNION SELECT password_hash FROM users --"],
  ['a LIKE pattern for anything', '%'],
  ['a LIKE pattern for any letter', '____'],
  ['an escape at the end', 'alice\\'],
  ['a glob for anything', '*'],
  ['a glob of a set', '[a-z]*'],
  ['a key of Redis', 'cache_affinity:*'],
  ['a separator', 'a:b:c:d'],
  ['a Redis command', '\r\nFLUSHALL\r\n'],
  ['a Lua end', "']) redis.call('flushall') --"],
  ['a path', '../../../etc/passwd'],
  ['a template', '{{7*7}}<%= process.env %>'],
  ['a format', '%s%n%x'],
  ['markup', '<script>alert(1)</script>'],
  ['a number', '1e999'],
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['a NUL', 'alice\0'],
  ['half a character', 'alice\ud800'],
  ['a right-to-left mark', 'alice\u202e'],
] as const

/** Not one of these matches a name or an id of the fixtures, except as a pattern or as SQL. */
const MATCHES_A_NAME: Record<string, readonly string[]> = {
  // 100%_real has API keys, and weird*[a-z]?\name is a model.
  '%': ['%'],
  '*': ['*'],
}

describe('a string is data, whatever it holds', () => {
  it.each(HOSTILE)('%s in a search finds only names that hold it', async (_, text) => {
    const answer = await service.query(SEARCH, { v: text })
    if (answer.errors.length > 0) return expect(codes(answer)).toEqual(['BAD_USER_INPUT'])
    const found = answer.data.affinities.totalCount
    if (MATCHES_A_NAME[text]) return expect(found).toBeLessThan(506 / 2)
    expect(found).toBe(0)
  })

  it.each(HOSTILE)('%s as an identifier is nobody', async (_, text) => {
    const { errors, data } = await service.query(IDENTIFIER, { v: text })
    expect(errors).toEqual([])
    expect(['NOT_FOUND', 'INVALID_INPUT']).toContain(data.userAffinities.code)
  })

  it.each(HOSTILE)('%s in each field of the filter selects nothing', async (_, text) => {
    for (const field of FILTER_FIELDS) {
      const answer = await service.query(FILTER, { f: { [field]: text } })
      if (answer.errors.length > 0) expect(codes(answer), field).toEqual(['BAD_USER_INPUT'])
      else expect(answer.data.affinities.totalCount, field).toBe(0)
    }
  })

  it('is never part of a statement', async () => {
    const marker = "injected-marker'; --"
    const statements = await service.statementsOf(async () => {
      await service.query(SEARCH, { v: marker })
      await service.query(IDENTIFIER, { v: marker })
      await service.query(FILTER, { f: { userId: marker } })
    })
    expect(statements.length).toBeGreaterThan(3)
    expect(statements.filter((sql) => sql.includes('injected-marker'))).toEqual([])
  })

  it('and after all this every table and every key is where it was', async () => {
    expect(psql(service.databaseUrl, 'SELECT count(*) FROM users').trim()).toBe('26')
    expect(await service.redis.client().dbsize()).toBe(651)
  })

  it.each([
    ["o'brien", 1],
    ['100%_real', 1],
    ['under_score', 1],
    ['张伟', 1],
  ])('odd but real, %s is found by its exact name', async (name, users) => {
    const { data } = await service.query(IDENTIFIER, { v: name })
    expect([data.userAffinities].filter(({ user }) => user?.username === name)).toHaveLength(users)
  })

  it('odd but real, a model name full of glob characters selects its own records alone', async () => {
    const { data } = await service.query(FILTER, { f: { modelId: 'weird*[a-z]?\\name' } })
    const keys = await service.redis.client().keys('cache_affinity:*:*:weird\\*\\[a-z\\]\\?\\\\name')
    expect(keys.length).toBeGreaterThan(0)
    expect(data.affinities.totalCount).toBe(keys.length)
  })
})

describe('an empty selector never means all', () => {
  it.each(['', ' ', '\t\n', '\u00a0', '\u3000'])('a search of %j is refused', async (search) => {
    expect(codes(await service.query(SEARCH, { v: search }))).toEqual(['BAD_USER_INPUT'])
  })

  it.each(['', ' ', '\t\n'])('an identifier of %j is refused', async (identifier) => {
    const { data } = await service.query(IDENTIFIER, { v: identifier })
    expect(data.userAffinities.code).toBe('INVALID_INPUT')
  })

  it.each(FILTER_FIELDS)('an empty %s selects nothing', async (field) => {
    const { data } = await service.query(FILTER, { f: { [field]: '' } })
    expect(data.affinities.totalCount).toBe(0)
  })

  it('a user without API keys has no affinities, not everybody’s', async () => {
    psql(
      service.databaseUrl,
      `INSERT INTO users (id, email, username, password_hash, role, is_active, is_deleted, created_at, updated_at)
       VALUES ('no-keys', 'no-keys@example.com', 'no-keys', 'x', 'user', true, false, now(), now())`,
    )
    const byName = await service.query(IDENTIFIER, { v: 'no-keys' })
    const byFilter = await service.query(FILTER, { f: { userId: 'no-keys' } })
    const bySearch = await service.query(SEARCH, { v: 'no-keys' })
    expect(byName.data.userAffinities.affinities.totalCount).toBe(0)
    expect(byFilter.data.affinities.totalCount).toBe(0)
    expect(bySearch.data.affinities.totalCount).toBe(0)
  })

  it('a filter no record meets selects nothing, together with a search as well', async () => {
    const { data } = await service.query(
      '{ affinities(search: "alice", filter: { userId: "nobody" }) { totalCount } }',
    )
    expect(data.affinities.totalCount).toBe(0)
  })
})

describe('a value of another shape is refused', () => {
  it.each<[string, unknown]>([
    ['an object', { contains: '' }],
    ['an operator', { $ne: null }],
    ['a list', ['alice']],
    ['a number', 1],
    ['true', true],
  ])('%s where a string belongs', async (_, value) => {
    expectRefusal(await post(service.app, IDENTIFIER, { v: value }), 'BAD_USER_INPUT')
    expectRefusal(await post(service.app, SEARCH, { v: value }), 'BAD_USER_INPUT')
    expectRefusal(await post(service.app, FILTER, { f: { modelId: value } }), 'BAD_USER_INPUT')
  })

  it.each<[string, unknown]>([
    ['an object', { not: 'x' }],
    ['a list', ['x']],
    ['true', true],
    ['a fraction', 1.5],
  ])('%s where an id belongs', async (_, value) => {
    for (const field of ['affinityKey', 'userId', 'providerId', 'endpointId', 'providerKeyId']) {
      expectRefusal(await post(service.app, FILTER, { f: { [field]: value } }), 'BAD_USER_INPUT')
    }
  })

  it.each<[string, unknown]>([
    ['a list', [{ providerId: 'a' }, { providerId: 'b' }]],
    ['a string', 'providerId'],
    ['an unknown field', { providerNames: ['a'] }],
  ])('%s where a filter belongs', async (_, value) => {
    expectRefusal(await post(service.app, FILTER, { f: value }), 'BAD_USER_INPUT')
  })
})

describe('__proto__ and constructor', () => {
  const raw = (query: string, variables: string) =>
    send(service.app, { body: `{"query":${JSON.stringify(query)},"variables":${variables}}` })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    '%s as a variable nobody declared is ignored',
    async (name) => {
      const reply = await raw('{ viewer { name } }', `{"${name}":{"polluted":1,"prototype":{"polluted":1}}}`)
      expect([reply.status, reply.text]).toEqual([200, '{"data":{"viewer":{"name":"tests"}}}'])
      expect(Object.prototype).not.toHaveProperty('polluted')
    },
  )

  it.each(['__proto__', 'constructor', 'toString'])(
    '%s in an input object is an unknown field',
    async (name) => {
      expectRefusal(await raw(FILTER, `{"f":{"${name}":{"providerId":"x"}}}`), 'BAD_USER_INPUT')
      const literal = `{ affinities(filter: { ${name}: { providerId: "x" } }) { totalCount } }`
      expectRefusal(await post(service.app, literal), 'GRAPHQL_VALIDATION_FAILED')
    },
  )

  it.each(['__proto__', 'constructor'])('%s as a parameter of the request is refused', async (name) => {
    const body = `{"${name}":{"query":"{viewer{name}}"}}`
    expectRefusal(await send(service.app, { body }), 'BAD_USER_INPUT')
    const beside = `{"query":"{viewer{name}}","${name}":{"operationName":"x"}}`
    expectRefusal(await send(service.app, { body: beside }), 'BAD_USER_INPUT')
  })

  it.each(['__proto__', 'constructor', 'toString'])(
    '%s as a field, an argument and a type does not exist',
    async (name) => {
      for (const query of [
        `{ ${name} }`,
        `{ viewer { ${name} } }`,
        `{ affinities(${name}: 1) { totalCount } }`,
        `{ ... on ${name} { viewer { name } } }`,
        `{ viewer @${name} { name } }`,
        `query($v: ${name}) { affinities(search: $v) { totalCount } }`,
      ]) {
        expectRefusal(await post(service.app, query), 'GRAPHQL_VALIDATION_FAILED')
      }
    },
  )

  it.each(['__proto__', 'constructor', 'toString'])(
    '%s as an alias, a fragment and an operation is a name like any other',
    async (name) => {
      const query = `query ${name} { ${name}: affinities(first: 1) { ...${name} } }
      fragment ${name} on AffinityConnection { ${name}: nodes { ${name}: apiFormat } }`
      const reply = await post(service.app, query, undefined, { operationName: name })
      expect(reply.status).toBe(200)
      expect(reply.text).toMatch(new RegExp(`^\\{"data":\\{"${name}":\\{"${name}":\\[\\{"${name}":"\\w+"`))
    },
  )

  it('as a model in a cache key is found like any other', async () => {
    const record = {
      provider_id: 'p',
      endpoint_id: 'e',
      key_id: 'k',
      created_at: 1,
      expire_at: 4_000_000_000,
      request_count: 1,
    }
    await service.redis
      .client()
      .set('cache_affinity:__proto__:__proto__:__proto__', JSON.stringify(record), 'EX', 60)
    const { data } = await service.query(FILTER, {
      f: { affinityKey: '__proto__', apiFormat: '__proto__', modelId: '__proto__' },
    })
    expect(data.affinities.totalCount).toBe(1)
  })
})

describe('a cached value that is not what it should be', () => {
  const count = async () => (await service.query('{ affinities { totalCount } }')).data.affinities.totalCount
  const known = () => service.logs.filter(({ msg }) => String(msg).includes('cannot be read')).length
  const good = {
    provider_id: 'p',
    endpoint_id: 'e',
    key_id: 'k',
    created_at: 1,
    expire_at: 4_000_000_000,
    request_count: 1,
  }

  it.each<[string, string]>([
    ['is no JSON', 'not json'],
    ['is empty', ''],
    ['is 5 MB of text', 'x'.repeat(5_000_000)],
    ['is 3,000 nested lists', `${'['.repeat(3_000)}${']'.repeat(3_000)}`],
    ['is null', 'null'],
    ['is a list', JSON.stringify([good])],
    ['has a list for an id', JSON.stringify({ ...good, provider_id: ['p'] })],
    ['has an object for an id', JSON.stringify({ ...good, key_id: { $gt: '' } })],
    ['has text for a count', JSON.stringify({ ...good, request_count: '1' })],
    ['expires beyond all dates', JSON.stringify({ ...good, expire_at: 1e300 })],
    ['has only a prototype', `{"__proto__":${JSON.stringify(good)}}`],
  ])('because it %s is skipped, and hides no other', async (_, value) => {
    const client = service.redis.client()
    const [before, told] = [await count(), known()]
    const key = `cache_affinity:broken-${told}:CLAUDE:m`
    await client.set(key, value)
    // Written after it, and so seen after it.
    await client.set('cache_affinity:good:CLAUDE:m', JSON.stringify(good), 'EX', 60)
    await expect.poll(count).toBe(before + 1)
    expect(known()).toBe(told + 1)
    await client.del(key, 'cache_affinity:good:CLAUDE:m')
    await expect.poll(count).toBe(before)
    expect(Object.prototype).not.toHaveProperty('provider_id')
  })
})

it('a variable named $__proto__, which graphql-js takes for one that was not given, is refused', async () => {
  const query = 'query($__proto__: ID!) { affinities(filter: { providerId: $__proto__ }) { totalCount } }'
  const { data, errors } = await service.query(query, JSON.parse('{"__proto__":"none"}'))
  expect(data).toBeUndefined()
  expect(errors.map(({ message }) => message)).toEqual(['Variable "$__proto__" is reserved.'])
})
