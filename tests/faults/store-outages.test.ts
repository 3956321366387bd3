import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createPgDatabase } from '../../src/postgres/database.js'
import { createHangGuard } from '../../src/util/hang-guard.js'
import { FIXTURE_AFFINITIES, seen } from '../api/clearing.js'
import type { Answer, TestApp } from '../support/app.js'
import { FIXTURE_ADMIN, FIXTURE_SECRETS, fixtureSql } from '../support/fixtures.js'
import { promptly } from '../support/promptly.js'
import { type PostgresServer, startPostgres } from '../support/servers/postgres.js'
import { freshDatabase } from '../support/servers/shared.js'
import { startBehindProxy } from './behind-proxy.js'

const BOB = '244caf9c-4dab-4481-b253-edc618187993'

/** Queries that cannot be answered without the cache, each with what its answer counts. */
const CACHE_QUERIES: readonly (readonly [string, string, (data: Answer['data']) => number])[] = [
  [
    'affinities',
    '{ affinities(first: 1000) { totalCount nodes { id } } }',
    (data) => data.affinities.totalCount,
  ],
  [
    'a filter',
    '{ affinities(filter: { stale: true }) { totalCount } }',
    (data) => data.affinities.totalCount,
  ],
  ['a search', '{ affinities(search: "bob") { totalCount } }', (data) => data.affinities.totalCount],
  [
    'a user’s',
    `{ userAffinities(identifier: "${BOB}") { ... on UserAffinities { affinities { totalCount } } ... on Error { code } } }`,
    (data) => data.userAffinities.affinities.totalCount,
  ],
  ['statistics', '{ cacheStats { totalAffinities } }', (data) => data.cacheStats.totalAffinities],
  ['mappings', '{ modelMappings { totalCount } }', (data) => data.modelMappings.totalCount],
  [
    'provider mappings',
    '{ providerModelMappings { totalCount } }',
    (data) => data.providerModelMappings.totalCount,
  ],
  ['unmapped entries', '{ unmappedEntries { totalCount } }', (data) => data.unmappedEntries.totalCount],
]

const codesOf = (answer: Answer): unknown[] => [
  ...answer.errors.map(({ extensions }) => extensions['code']),
  ...Object.values(answer.data ?? {}).flatMap((value) =>
    typeof value === 'object' && value !== null && 'code' in value ? [value.code] : [],
  ),
]

const tokenOf = async (service: TestApp): Promise<string> => {
  const { data } = await service.query(
    'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { ... on Session { token } } }',
    { email: FIXTURE_ADMIN.email, password: FIXTURE_ADMIN.password },
    { token: null },
  )
  return data.login.token
}

describe('while Redis is gone', () => {
  /** Asks until the service knows that the cache is down. Each answer until then is complete or an error. */
  async function expectUnavailable(service: TestApp, whole: ReadonlyMap<string, number>): Promise<void> {
    for (const [name, query, countOf] of CACHE_QUERIES) {
      const refused = async () => {
        const answer = await promptly(() => service.query(query))
        const codes = codesOf(answer)
        if (codes.length === 0) expect(countOf(answer.data), `${name} reads as fewer`).toBe(whole.get(name))
        else expect(codes, name).toEqual(['CACHE_UNAVAILABLE'])
        return codes.length > 0
      }
      await expect.poll(refused, { timeout: 8_000, interval: 100 }).toBe(true)
    }
    const { data, errors } = await promptly(() =>
      service.query('{ modelMappingStats { available message totalKeys } }'),
    )
    expect(errors).toEqual([])
    expect(data.modelMappingStats).toMatchObject({
      available: false,
      message: expect.stringMatching(/cache/i),
    })
  }

  async function wholeAnswers(service: TestApp): Promise<ReadonlyMap<string, number>> {
    await seen(service, '', FIXTURE_AFFINITIES)
    const counts = new Map<string, number>()
    for (const [name, query, countOf] of CACHE_QUERIES) {
      const { data, errors } = await service.query(query)
      expect(errors).toEqual([])
      counts.set(name, countOf(data))
      expect(counts.get(name), name).toBeGreaterThan(0)
    }
    return counts
  }

  it.each(['killed', 'paused'])(
    '%s: what needs it says so in 2 s, nothing reads as empty, and it comes back by itself',
    async (how) => {
      const { service, redis } = await startBehindProxy()
      const whole = await wholeAnswers(service)
      if (how === 'killed') await redis.kill()
      else redis.pause()
      await expectUnavailable(service, whole)
      // Queries that need no cache succeed.
      const { data, errors } = await promptly(() =>
        service.query('{ viewer { name } auditEvents { totalCount } }'),
      )
      expect(errors).toEqual([])
      expect(data.viewer.name).toBe('tests')

      if (how === 'killed') await redis.restart()
      else redis.resume()
      for (const [name, query, countOf] of CACHE_QUERIES) {
        const count = async () => {
          const answer = await service.query(query)
          return codesOf(answer).length > 0 ? codesOf(answer) : countOf(answer.data)
        }
        await expect.poll(count).toBe(whole.get(name))
      }
    },
    60_000,
  )

  it('the service accepts tokens that it has checked before, and refuses those that it cannot check', async () => {
    const { service, redis } = await startBehindProxy()
    const token = await tokenOf(service)
    await service.query('{ viewer { name } }', {}, { token })
    await redis.kill()
    const known = await promptly(() => service.query('{ viewer { name } }', {}, { token }))
    expect(known.data).toEqual({ viewer: { name: 'root' } })
    const unknown = await new SignJWT({ user_id: FIXTURE_ADMIN.id, type: 'access' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(FIXTURE_SECRETS.jwtSecret))
    const stranger = await promptly(() => service.query('{ viewer { name } }', {}, { token: unknown }))
    expect(stranger.errors).toMatchObject([{ extensions: { code: 'CACHE_UNAVAILABLE' } }])
    await redis.restart()
    const back = async () => (await service.query('{ viewer { name } }', {}, { token: unknown })).data
    await expect.poll(back).toEqual({ viewer: { name: 'root' } })
  })
})

describe('while PostgreSQL is gone', () => {
  let postgres: PostgresServer
  let databases = 0
  beforeAll(async () => {
    postgres = await startPostgres()
    const url = postgres.createDatabase('gateway')
    const { schema, data } = fixtureSql()
    postgres.psql(url, schema)
    postgres.psql(url, data)
  })
  afterAll(() => postgres.stop())
  const start = () =>
    startBehindProxy({ env: { DATABASE_URL: postgres.createDatabase(`copy_${databases++}`, 'gateway') } })

  const JOINS = ['apiKey', 'user', 'provider', 'endpoint', 'providerKey', 'model']
  const NAMES = ['modelName', 'modelDisplayName', 'rateMultiplier', 'isStandalone', 'staleReasons']
  const PAGE = `{ affinities(first: 1000) { totalCount nodes {
    id affinityKey apiFormat modelId providerId endpointId providerKeyId requestCount createdAt expiresAt
    apiKey { id user { id apiKeys { id } } } user { id } provider { id } endpoint { id provider { id } }
    providerKey { id maskedKey endpoint { id provider { id } } } model { id } ${NAMES.join(' ')} } } }`

  it.each(['killed', 'paused'])(
    '%s: a static token still lists what Redis knows, the joined fields null with one error each',
    async (how) => {
      const { service } = await start()
      await seen(service, '', FIXTURE_AFFINITIES)
      const before = await service.query(PAGE)
      expect(before.errors).toEqual([])
      onTestFinished(() => postgres.resume())
      if (how === 'killed') await postgres.kill()
      else postgres.pause()

      const { data, errors } = await promptly(() => service.query(PAGE))
      expect(data.affinities.totalCount).toBe(FIXTURE_AFFINITIES)
      const blank = Object.fromEntries([...JOINS, ...NAMES].map((field) => [field, null]))
      expect(data.affinities.nodes).toEqual(
        before.data.affinities.nodes.map((node: object) => ({ ...node, ...blank })),
      )
      expect(errors.map(({ path }) => path?.at(-1)).sort()).toEqual([...JOINS, ...NAMES].sort())
      for (const { extensions, path } of errors) {
        expect(extensions['code']).toBe('DATABASE_UNAVAILABLE')
        expect(path?.slice(0, 2)).toEqual(['affinities', 'nodes'])
      }

      if (how === 'killed') await postgres.restart()
      else postgres.resume()
      const joined = async () => (await service.query(PAGE)).errors.length
      await expect.poll(joined).toBe(0)
      expect((await service.query(PAGE)).data).toEqual(before.data)
    },
    30_000,
  )

  it.each(['killed', 'paused'])(
    '%s: what needs it says so in 2 s, nobody new gets in, and who was in reads on and clears nothing',
    async (how) => {
      const { service } = await start()
      const [token, unseen] = [await tokenOf(service), await tokenOf(service)]
      await service.query('{ viewer { name } }', {}, { token })
      onTestFinished(() => postgres.resume())
      if (how === 'killed') await postgres.kill()
      else postgres.pause()
      const unavailable = [{ extensions: { code: 'DATABASE_UNAVAILABLE' } }]
      for (const query of [
        '{ auditEvents { totalCount } }',
        '{ affinities(search: "bob") { totalCount } }',
        '{ affinities(filter: { stale: true }) { totalCount } }',
        '{ providerModelMappings(search: "gpt") { nodes { provider { id } } } }',
      ]) {
        const { errors } = await promptly(() => service.query(query))
        expect(errors.length, query).toBeGreaterThan(0)
        for (const { extensions } of errors) expect(extensions['code'], query).toBe('DATABASE_UNAVAILABLE')
      }
      const user = await promptly(() =>
        service.query(`{ userAffinities(identifier: "bob") { __typename ... on Error { code } } }`),
      )
      expect(user.data.userAffinities).toEqual({
        __typename: 'UnavailableError',
        code: 'DATABASE_UNAVAILABLE',
      })
      const list = '{ viewer { name } affinities(first: 5) { totalCount nodes { id providerId } } }'
      const signedIn = await promptly(() => service.query(list, {}, { token }))
      expect(signedIn.data.viewer).toEqual({ name: 'root' })
      expect(signedIn.data.affinities.nodes).toHaveLength(5)
      const stranger = await promptly(() => service.query(list, {}, { token: unseen }))
      expect(stranger.errors).toMatchObject(unavailable)
      const clear = 'mutation { clearAllCache(confirm: true) { __typename ... on Error { code } } }'
      const cleared = await promptly(() => service.query(clear, {}, { token }))
      expect(cleared.data.clearAllCache.code).toBe('DATABASE_UNAVAILABLE')
      const login = await promptly(() =>
        service.query(
          'mutation { login(email: "root@example.com", password: "x") { __typename } }',
          {},
          { token: null },
        ),
      )
      expect(login.errors).toMatchObject(unavailable)

      if (how === 'killed') await postgres.restart()
      else postgres.resume()
      const back = async () => (await service.query('{ viewer { name } }', {}, { token })).data?.viewer.name
      await expect.poll(back).toBe('root')
    },
    30_000,
  )
})

describe('a database that is slow', () => {
  it('is waited for, as long as it answers pings', async () => {
    const database = createPgDatabase({ url: freshDatabase('schema') })
    onTestFinished(() => database.close())
    const slow = database.prisma.$queryRaw`SELECT 1 AS one FROM pg_sleep(2.2)`
    expect(await slow).toEqual([{ one: 1 }])
  })

  it('is pinged once, however many requests wait', async () => {
    let probes = 0
    let answer = () => {}
    const guard = createHangGuard({
      suspectAfterMs: 10,
      probeTimeoutMs: 1_000,
      probe() {
        probes += 1
        return new Promise<void>((resolve) => {
          answer = resolve
        })
      },
    })
    onTestFinished(() => guard.close())
    let finish = (_value: string) => {}
    const statement = new Promise<string>((resolve) => {
      finish = resolve
    })
    const waiting = Array.from({ length: 50 }, () => guard.run(() => statement))
    await expect.poll(() => probes).toBe(1)
    answer()
    await expect.poll(() => probes).toBe(2)
    finish('done')
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['done']))
  })

  it('is not taken for one that hangs while this process itself has no time', async () => {
    let finish = (_value: string) => {}
    const slow = new Promise<string>((resolve) => {
      finish = resolve
    })
    const guard = createHangGuard({
      suspectAfterMs: 10,
      probeTimeoutMs: 200,
      async probe() {
        // The process is busy three times, each longer than a probe may take; between them it reads what has come.
        for (let n = 0; n < 3; n += 1) {
          busyFor(250)
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
        setTimeout(() => finish('done'), 20)
      },
    })
    onTestFinished(() => guard.close())
    expect(await guard.run(() => slow)).toBe('done')
    expect(await guard.run(async () => 'next')).toBe('next')
  })

  it('that hangs refuses at once from then on, until it answers again', async () => {
    let alive = false
    const guard = createHangGuard({
      suspectAfterMs: 10,
      probeTimeoutMs: 1_000,
      probe: () => (alive ? Promise.resolve() : Promise.reject(new Error('connect ECONNREFUSED'))),
    })
    onTestFinished(() => guard.close())
    const never = new Promise<never>(() => {})
    await expect(guard.run(() => never)).rejects.toThrow('Query read timeout')
    let ran = false
    const next = guard.run(async () => {
      ran = true
    })
    await expect(next).rejects.toThrow('Query read timeout')
    expect(ran).toBe(false)
    alive = true
    await expect.poll(() => guard.run(async () => 'back').catch(() => 'gone')).toBe('back')
  })
})

function busyFor(milliseconds: number): void {
  for (const until = performance.now() + milliseconds; performance.now() < until; );
}
