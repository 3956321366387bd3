import { describe, expect, it } from 'vitest'
import { createRedis } from '../../src/redis/client.js'
import { type Env, redisOf, redisProblemsOf } from './support.js'

/** What ioredis is told of one Redis; nothing connects. */
function optionsOf(env: Env) {
  const client = createRedis(redisOf(env), { onError: () => {} })
  client.disconnect()
  if (!('host' in client.options)) throw new Error('This is no single Redis.')
  const { host, port, username, password, db, tls } = client.options
  return { host, port, username, password, db, tls }
}

const TLS_SPELLINGS = ['true', 'TRUE', 'yes', 'Yes', 'on', '1', ' true ']

describe('REDIS_TLS', () => {
  it.each(TLS_SPELLINGS)('=%j is TLS to Sentinels and to a cluster', (spelling) => {
    const cluster = { REDIS_CLUSTER_NODES: 'one', REDIS_TLS: spelling }
    expect(redisOf(cluster)).toMatchObject({ kind: 'cluster', tls: {} })
    const sentinel = { REDIS_SENTINELS: 'one', REDIS_SENTINEL_NAME: 'main', REDIS_TLS: spelling }
    expect(redisOf(sentinel)).toMatchObject({ kind: 'sentinel', tls: {} })
  })

  it.each(['false', 'FALSE', 'no', 'off', '0', ''])('=%j is none', (spelling) => {
    expect(redisOf({ REDIS_CLUSTER_NODES: 'one', REDIS_TLS: spelling })).not.toHaveProperty('tls')
  })

  it.each(['ja', 'tls', '2', 'truee', 'rediss'])('=%j is refused', (spelling) => {
    expect(redisProblemsOf({ REDIS_CLUSTER_NODES: 'one', REDIS_TLS: spelling })).toEqual([
      `REDIS_TLS must be true or false; it is "${spelling}".`,
    ])
  })

  it('beside REDIS_URL says what the URL says, or is refused', () => {
    expect(optionsOf({ REDIS_URL: 'rediss://one', REDIS_TLS: 'yes' }).tls).toBeDefined()
    expect(optionsOf({ REDIS_URL: 'redis://one', REDIS_TLS: 'no' }).tls).toBeUndefined()
    expect(optionsOf({ REDIS_URL: 'rediss://one', REDIS_TLS: '' }).tls).toBeDefined()
    const contradiction = [expect.stringMatching(/^REDIS_TLS contradicts REDIS_URL/)]
    expect(redisProblemsOf({ REDIS_URL: 'redis://one', REDIS_TLS: '1' })).toEqual(contradiction)
    expect(redisProblemsOf({ REDIS_URL: 'rediss://one', REDIS_TLS: 'false' })).toEqual(contradiction)
  })
})

describe('REDIS_USERNAME and REDIS_PASSWORD beside REDIS_URL', () => {
  const beside = { REDIS_USERNAME: 'op', REDIS_PASSWORD: 'p@ss:/?#[]% é' }

  it('are taken where the URL has none', () => {
    const { REDIS_USERNAME: username, REDIS_PASSWORD: password } = beside
    expect(optionsOf({ REDIS_URL: 'redis://one:7000/3', ...beside })).toMatchObject({
      host: 'one',
      port: 7000,
      db: 3,
      username,
      password,
    })
    expect(optionsOf({ REDIS_URL: 'redis://op@one', ...beside })).toMatchObject({ username, password })
    expect(optionsOf({ REDIS_URL: 'redis://one', REDIS_PASSWORD: password })).toMatchObject({ password })
  })

  it('may say the same again', () => {
    const password = encodeURIComponent(beside.REDIS_PASSWORD)
    expect(redisProblemsOf({ REDIS_URL: `redis://op:${password}@one`, ...beside })).toEqual([])
  })

  it('are refused where they say something else, and not shown', () => {
    const problems = redisProblemsOf({
      REDIS_URL: 'redis://canary-a:canary-b@one',
      REDIS_USERNAME: 'canary-c',
      REDIS_PASSWORD: 'canary-d',
    })
    expect(problems).toEqual([
      expect.stringMatching(/^REDIS_USERNAME contradicts REDIS_URL/),
      expect.stringMatching(/^REDIS_PASSWORD contradicts REDIS_URL/),
    ])
    expect(problems.join()).not.toContain('canary')
  })
})

describe('REDIS_URL', () => {
  it.each([
    ['a database that is no number', 'redis://one/main', 'must name its database by a number'],
    ['a number and more', 'redis://one/3x', 'must name its database by a number'],
    ['a path', 'redis://one/3/4', 'must name its database by a number'],
    ['a negative database', 'redis://one/-1', 'must name its database by a number'],
    ['a % that encodes nothing, in the password', 'redis://:canary%@one', 'has a %'],
    ['a % that encodes no character', 'redis://:canary%FF@one', 'has a %'],
    ['a % that encodes nothing, in the user', 'redis://100%:canary@one', 'has a %'],
    ['the database as a parameter', 'redis://one?db=3', 'before any question mark'],
    ['the password as a parameter', 'redis://one?password=canary', 'before any question mark'],
    ['no host', 'redis://', 'must begin with redis:// or rediss:// and be a valid URL'],
    ['a path without a host', 'redis:///3', 'must begin with redis:// or rediss:// and be a valid URL'],
  ])('is refused with %s', (_, url, sentence) => {
    const problems = redisProblemsOf({ REDIS_URL: url })
    expect(problems).toEqual([expect.stringContaining(sentence)])
    expect(problems[0]).toMatch(/^REDIS_URL .*\.$/)
    expect(problems.join()).not.toContain('canary')
    expect(() => createRedis({ kind: 'single', url }, { onError: () => {} })).toThrow('Redis')
  })

  it.each([
    ['redis://one', { host: 'one', port: 6379, db: 0 }],
    ['redis://one/', { host: 'one', db: 0 }],
    ['redis://one/15', { db: 15 }],
    ['rediss://[::1]:7000/2', { host: '::1', port: 7000, db: 2, tls: {} }],
    ['redis://u%40:p%25@one', { username: 'u@', password: 'p%' }],
    ['redis://one?timeout=3', { host: 'one' }],
  ])('is taken as it is meant: %s', (url, expected) => {
    expect(optionsOf({ REDIS_URL: url })).toMatchObject(expected)
  })
})

describe.each(['REDIS_SENTINELS', 'REDIS_CLUSTER_NODES'])('%s', (name) => {
  const others: Env = name === 'REDIS_SENTINELS' ? { REDIS_SENTINEL_NAME: 'main' } : {}

  it.each([
    'user:canary@one:7000',
    ':canary@one',
    'canary@one',
    'one,user:canary@two',
    'redis://one:7000',
    'one:7000/3',
    'one?db=3',
    'one#3',
    'one:70000',
    'one:x',
    ':7000',
    'one,,two',
    'one, ,two',
  ])('is refused with %j, which is not shown', (value) => {
    const problems = redisProblemsOf({ ...others, [name]: value })
    expect(problems).toEqual([`${name} must be host:port, comma-separated.`])
  })

  it('takes hosts with and without port, addresses, and commas at its ends', () => {
    const redis = redisOf({ ...others, [name]: ' one:7000, [::1]:7001,127.0.0.1:7002 ,three,\n' })
    const places = redis.kind === 'sentinel' ? redis.sentinels : redis.kind === 'cluster' ? redis.nodes : []
    expect(places.map(({ host, port }) => `${host} ${port}`)).toEqual([
      'one 7000',
      '::1 7001',
      '127.0.0.1 7002',
      `three ${name === 'REDIS_SENTINELS' ? 26_379 : 6_379}`,
    ])
  })
})

describe('what says how to reach a Redis', () => {
  it.each(['REDIS_USERNAME', 'REDIS_PASSWORD', 'REDIS_TLS'])('is refused without a Redis: %s', (name) => {
    const value = name === 'REDIS_TLS' ? 'yes' : 'canary'
    const needs = `${name} needs REDIS_URL, REDIS_SENTINELS or REDIS_CLUSTER_NODES.`
    expect(redisProblemsOf({ [name]: value })).toContain(needs)
  })

  it('is refused where it is for Sentinels that are not there', () => {
    expect(redisProblemsOf({ REDIS_URL: 'redis://one', REDIS_SENTINEL_NAME: 'main' })).toEqual([
      'REDIS_SENTINEL_NAME needs REDIS_SENTINELS, which watch the master of this name.',
    ])
  })
})
