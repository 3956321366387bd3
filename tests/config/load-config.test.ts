import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load-config.js'
import { PRODUCTION } from '../support/app.js'
import { GATEWAY, problemsOf } from './support.js'

describe('loadConfig', () => {
  it('runs the embedded demo on 127.0.0.1:4000 where nothing is set', () => {
    expect(loadConfig({})).toMatchObject({
      mode: { kind: 'embedded', dataDir: '.data' },
      host: '127.0.0.1',
      port: 4000,
      production: false,
      staticTokens: [],
    })
  })

  it('plays the gateway of DEMO_GATEWAY, with a database of its own, and knows no other', () => {
    expect(loadConfig({ DEMO_GATEWAY: 'process-memory', CLEAR_AT_ONCE: 'true' })).toMatchObject({
      mode: { kind: 'embedded', dataDir: '.data/process-memory', generation: 'PROCESS_MEMORY' },
      // The demo has a node, so clears are followed as beside a gateway with GATEWAY_URLS.
      clearAtOnce: true,
      clearGuardSeconds: 15,
    })
    expect(loadConfig({}).mode).toMatchObject({ generation: 'ENDPOINT_KEYS' })
    expect(problemsOf({ DEMO_GATEWAY: 'rust' })).toEqual([
      'DEMO_GATEWAY must be one of endpoint-keys, provider-keys, process-memory; it is "rust".',
    ])
    expect(problemsOf({ ...GATEWAY, DEMO_GATEWAY: 'process-memory' })).toEqual([
      'DEMO_GATEWAY is for the embedded demo, and a gateway is set.',
    ])
  })

  it('runs beside a gateway where its stores and keys are set', () => {
    expect(loadConfig(GATEWAY).mode).toEqual({
      kind: 'gateway',
      databaseUrl: GATEWAY.DATABASE_URL,
      databasePoolSize: 10,
      keyPrefix: '',
      redis: { kind: 'single', url: GATEWAY.REDIS_URL },
      encryptionKey: 'a key',
      jwtSecretKey: 'another key',
    })
  })

  it.each(Object.keys(GATEWAY))('names %s where it alone is missing', (missing) => {
    const [problem, ...others] = problemsOf({ ...GATEWAY, [missing]: '' })
    expect(problem).toContain(`set ${missing} as well`)
    expect(others).toEqual([])
  })

  it('takes Sentinels and their master’s name in place of REDIS_URL', () => {
    const { REDIS_URL: _, ...rest } = GATEWAY
    const sentinels = { ...rest, REDIS_SENTINELS: 'one:26380,[::1]:26381,three' }
    expect(loadConfig({ ...sentinels, REDIS_SENTINEL_NAME: 'main' }).mode).toMatchObject({
      redis: {
        kind: 'sentinel',
        name: 'main',
        sentinels: [
          { host: 'one', port: 26380 },
          { host: '::1', port: 26381 },
          { host: 'three', port: 26379 },
        ],
      },
    })
    expect(problemsOf(sentinels)).toEqual([expect.stringContaining('needs REDIS_SENTINEL_NAME')])
  })

  it('takes a cluster’s nodes in place of REDIS_URL, but not both', () => {
    const both = { ...GATEWAY, REDIS_CLUSTER_NODES: 'a:7000,b:7001' }
    expect(problemsOf(both)).toEqual(['Set only one of REDIS_URL, REDIS_CLUSTER_NODES.'])
    expect(loadConfig({ ...both, REDIS_URL: '' }).mode).toMatchObject({
      redis: {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 7000 },
          { host: 'b', port: 7001 },
        ],
      },
    })
  })

  it('refuses the demo, with its known password, in production', () => {
    expect(problemsOf({ NODE_ENV: 'production' })).toEqual([expect.stringContaining('NODE_ENV=production')])
  })

  it('asks gateways over HTTP where their URLs are set, each once, and knows their token or its file', () => {
    expect(loadConfig({}).gateways).toBeUndefined()
    const gateways = {
      GATEWAY_URLS: 'http://one:8000, https://two.example/prefix/,http://one:8000/',
      GATEWAY_TOKEN: 'a.token',
    }
    expect(loadConfig(gateways).gateways).toEqual({
      urls: ['http://one:8000', 'https://two.example/prefix'],
      token: 'a.token',
      tokenFile: undefined,
    })
    expect(loadConfig({ ...gateways, GATEWAY_TOKEN: '' }).gateways?.token).toBeUndefined()
    const fromFile = { ...gateways, GATEWAY_TOKEN: '', GATEWAY_TOKEN_FILE: '/run/token' }
    expect(loadConfig(fromFile).gateways?.tokenFile).toBe('/run/token')
    expect(problemsOf({ ...fromFile, GATEWAY_TOKEN: 'a.token' })).toEqual([
      'Set only one of GATEWAY_TOKEN, GATEWAY_TOKEN_FILE.',
    ])
    expect(problemsOf({ ...GATEWAY, CLEAR_AT_ONCE: 'true' })).toEqual([
      'CLEAR_AT_ONCE needs GATEWAY_URLS, the nodes of the gateway.',
    ])
    expect(problemsOf({ ...gateways, GATEWAY_URLS: '' })).toEqual([
      expect.stringContaining('GATEWAY_TOKEN needs GATEWAY_URLS'),
    ])
  })

  it('guards a clear for longer where the gateway is called, unless it is told how long', () => {
    const GATEWAY_URLS = 'http://one:8000'
    expect(loadConfig(GATEWAY).clearGuardSeconds).toBe(5)
    expect(loadConfig({ GATEWAY_URLS }).clearGuardSeconds).toBe(15)
    expect(loadConfig({ GATEWAY_URLS, CLEAR_GUARD_SECONDS: '2' }).clearGuardSeconds).toBe(2)
  })

  it.each([
    'one:8000',
    'ftp://one',
    'http://u:canary@one',
    'http://one?a=canary',
    'http://one,,http://two',
    'x y',
  ])('takes no %s for gateways’ URLs, and does not repeat it', (urls) => {
    const problems = problemsOf({ GATEWAY_URLS: urls, GATEWAY_TOKEN: 'token' })
    expect(problems).toEqual([expect.stringMatching(/^GATEWAY_URLS must be/)])
    expect(problems.join()).not.toContain('canary')
  })

  it('takes no token that cannot be a header’s value, and does not repeat it', () => {
    const problems = problemsOf({ GATEWAY_URLS: 'http://one', GATEWAY_TOKEN: 'canary\r\nHost: two' })
    expect(problems).toEqual([expect.stringMatching(/^GATEWAY_TOKEN must be/)])
    expect(problems.join()).not.toContain('canary')
  })

  it('shows metrics to nobody without a token unless it is told to', () => {
    expect(loadConfig({}).metricsPublic).toBe(false)
    expect(loadConfig({ METRICS_PUBLIC: 'true' }).metricsPublic).toBe(true)
    expect(problemsOf({ METRICS_PUBLIC: 'maybe' })).toEqual([expect.stringContaining('METRICS_PUBLIC')])
  })

  it('takes a reservation ratio from 0 to 1', () => {
    expect(loadConfig({}).cacheReservationRatio).toBe(0.1)
    expect(loadConfig({ CACHE_RESERVATION_RATIO: '0' }).cacheReservationRatio).toBe(0)
    expect(loadConfig({ CACHE_RESERVATION_RATIO: '.35' }).cacheReservationRatio).toBe(0.35)
    expect(loadConfig({ CACHE_RESERVATION_RATIO: '1.0' }).cacheReservationRatio).toBe(1)
    for (const ratio of ['1.01', '-0.1', '10%', 'NaN', '1e-1', '0x1', '.']) {
      expect(problemsOf({ CACHE_RESERVATION_RATIO: ratio })).toEqual([
        expect.stringContaining('CACHE_RESERVATION_RATIO must be a number from 0 to 1'),
      ])
    }
  })

  it.each<[string, string, string[]]>([
    ['a secret of 31 bytes', 'Zq7vN2xL9sT4mB8cR1kW6yH3pJ5dF0g', ['JWT_SECRET_KEY is shorter than 32 bytes']],
    ['the one of an example file', 'change-this-to-a-secure-random-string', ['JWT_SECRET_KEY is an example']],
    ['one letter again and again', 'a'.repeat(40), ['JWT_SECRET_KEY is an example']],
    [
      'the one of these fixtures',
      'fixture-jwt-secret',
      ['JWT_SECRET_KEY is shorter than 32 bytes', 'JWT_SECRET_KEY is an example'],
    ],
  ])('refuses to sign with %s in production, and only there', (_, jwtSecretKey, expected) => {
    const env = { ...GATEWAY, JWT_SECRET_KEY: jwtSecretKey }
    const problems = problemsOf({ ...env, NODE_ENV: 'production' })
    expect(problems).toEqual(expected.map((start) => expect.stringContaining(start)))
    expect(problems.join()).not.toContain(jwtSecretKey)
    expect(problemsOf(env)).toEqual([])
  })

  it('refuses to decrypt with a key that everybody knows in production', () => {
    const env = { ...GATEWAY, ...PRODUCTION }
    expect(problemsOf(env)).toEqual([])
    for (const key of [
      'change-this-to-another-secure-random-string',
      'dev-encryption-key-do-not-use-in-production',
    ]) {
      expect(problemsOf({ ...env, ENCRYPTION_KEY: key })).toEqual([
        expect.stringContaining('ENCRYPTION_KEY is an example'),
      ])
    }
  })

  it('takes limits of what is asked in a minute that let a person work, or none', () => {
    for (const env of [
      { RATE_LIMIT_VIEWER: '299999' },
      { RATE_LIMIT_ADDRESS: '999' },
      { RATE_LIMIT_VIEWER: '-1' },
    ]) {
      expect(problemsOf(env)).toEqual([expect.stringContaining('or a whole number from')])
    }
    expect(loadConfig({ RATE_LIMIT_VIEWER: '0', RATE_LIMIT_ADDRESS: '1000' }).limits).toMatchObject({
      viewerCostPerMinute: 0,
      addressCostPerMinute: 1_000,
    })
  })

  it.each([
    '*',
    'null',
    'ops.example',
    'https://ops.example/',
    'https://ops.example/page',
    'https://a.example b',
  ])('lets no page of %s ask: that is no origin', (origins) => {
    expect(problemsOf({ CORS_ORIGINS: origins })).toEqual([expect.stringContaining('CORS_ORIGINS must be')])
  })

  it.each(['sqlite:///data/aether.db', 'sqlite+aiosqlite:///x.db', 'mysql://u:p@db/aether', 'file:/x.db'])(
    'refuses another database than PostgreSQL in a sentence: %s',
    (url) => {
      expect(problemsOf({ ...GATEWAY, DATABASE_URL: url })).toEqual([
        'DATABASE_URL names a gateway’s SQLite or MySQL, and this service reads PostgreSQL alone.',
      ])
    },
  )

  it('tells every problem at once', () => {
    const problems = problemsOf({
      ...GATEWAY,
      DATABASE_URL: 'mysql://db/x',
      REDIS_URL: 'http://cache',
      PORT: '70000',
      LOG_LEVEL: 'loud',
      TRUST_PROXY: 'everyone',
      ADMIN_TOKENS: 'broken',
    })
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'PORT', 'LOG_LEVEL', 'TRUST_PROXY', 'ADMIN_TOKENS']) {
      expect(problems.filter((problem) => problem.includes(name))).toHaveLength(1)
    }
  })

  it('never repeats what may be a secret', () => {
    const secret = 'canary-5f3a'
    const problems = problemsOf({
      DATABASE_URL: `postgresql://user:${secret}@[`,
      REDIS_URL: `http://:${secret}@cache`,
      ENCRYPTION_KEY: secret,
      JWT_SECRET_KEY: secret,
      ADMIN_TOKENS: `name:role:${secret}`,
    })
    expect(problems.length).toBeGreaterThanOrEqual(3)
    expect(problems.join()).not.toContain(secret)
  })

  it.each(['12/canary', '12?canary', '12#canary'])(
    'takes no URL whose password %s would pass for a port and more',
    (password) => {
      const problems = problemsOf({
        ...GATEWAY,
        DATABASE_URL: `postgresql://user:${password}@db/gateway`,
        REDIS_URL: `redis://user:${password}@cache`,
      })
      expect(problems).toEqual([
        expect.stringMatching(/^REDIS_URL must/),
        expect.stringMatching(/^DATABASE_URL is not a valid URL/),
      ])
      expect(problems.join()).not.toContain('canary')
    },
  )
})
