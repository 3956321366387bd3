import { afterAll, beforeAll, expect, it } from 'vitest'
import { findings } from '../../src/cli/doctor/findings.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { FIXTURE_ENVIRONMENT, fixtureEntries } from '../support/fixtures.js'

/** A gateway with `AETHER_RUNTIME_REDIS_KEY_PREFIX=my*app`, and another one without a prefix in the same Redis. */
let service: TestApp
const PREFIX = 'my*app:'
const redis = () => service.redis.client()

beforeAll(async () => {
  service = await startTestApp({ env: { REDIS_KEY_PREFIX: 'my*app', CLEAR_GUARD_SECONDS: '0' } })
  const pipeline = redis().pipeline()
  for (const { key } of fixtureEntries()) pipeline.copy(key, PREFIX + key)
  pipeline.set(`${PREFIX}ap:p:sticky:t`, 'k')
  pipeline.set('ap:p:sticky:other', 'k')
  await pipeline.exec()
})
afterAll(() => service.close())

it('every key of every family is read and cleared behind the prefix, and no other', async () => {
  const others = (await redis().keys('*')).filter((key) => !key.startsWith(PREFIX)).sort()
  const { data } = await service.query(
    '{ affinities { totalCount } modelMappingStats { totalKeys } poolSessions { totalCount } cacheStats { totalAffinities cacheHits } }',
  )
  expect(data).toMatchObject({
    affinities: { totalCount: 506 },
    cacheStats: { totalAffinities: 506 },
    poolSessions: { totalCount: 1 },
  })
  expect(data.modelMappingStats.totalKeys).toBeGreaterThan(50)

  const name = (await redis().keys('my\\*app:global_model:resolve:*'))[0]?.slice(
    `${PREFIX}global_model:resolve:`.length,
  )
  const cleared = await service.query(
    `mutation ($name: String!) {
      one: clearModelMappingCacheByName(modelName: $name) { ... on ClearModelMappingPayload { deletedKeys } }
      models: clearAllModelMappingCache(confirm: true) { ... on ClearPayload { clearedCount } }
      sessions: clearPoolSessions(filter: { providerId: "p" }) { ... on ClearPayload { clearedCount } }
      all: clearAllCache(confirm: true) { ... on ClearPayload { clearedCount } }
    }`,
    { name },
  )
  expect(cleared.errors).toEqual([])
  expect(cleared.data.one.deletedKeys).toContain(`${PREFIX}global_model:resolve:${name}`)
  expect(cleared.data).toMatchObject({ sessions: { clearedCount: 1 }, all: { clearedCount: 510 } })
  const left = (await redis().keys('*')).filter((key) => key.startsWith(PREFIX)).sort()
  expect(left.filter((key) => /cache_affinity:|model:id|sticky/.test(key))).toEqual([])
  expect((await redis().keys('*')).filter((key) => !key.startsWith(PREFIX)).sort()).toEqual(others)
})

it('doctor names the keys behind another prefix', async () => {
  await redis().set('other:cache_affinity:k:CLAUDE:m', '{}')
  const env = { ...FIXTURE_ENVIRONMENT, DATABASE_URL: service.databaseUrl, REDIS_URL: service.redis.url }
  const messages: string[] = []
  for await (const { check, state, message } of findings(env))
    if (check === 'families') messages.push(`${state} ${message}`)
  expect(messages).toEqual([
    expect.stringMatching(/^warning .*1 under other:cache_affinity:.*REDIS_KEY_PREFIX/),
  ])
})
