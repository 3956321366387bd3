/**
 * Tests with 200,000 affinities, which are read while requests are answered, listed, and cleared in small steps;
 * `RECORDS=1000000 npm test -- tests/faults/many-records` takes a million.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { ADMIN_TOKEN, ADMIN_TOKENS } from '../support/app.js'
import { measured } from '../support/figures.js'
import { FIXTURE_ENVIRONMENT } from '../support/fixtures.js'
import { startService } from '../support/process.js'
import { temporaryDirectory } from '../support/servers/child.js'
import { startRedis } from '../support/servers/redis.js'
import { freshDatabase } from '../support/servers/shared.js'
import { PROVIDER, recordOf } from './behind-proxy.js'

const RECORDS = Number(process.env['RECORDS'] ?? 200_000)
/** One in twenty is of the provider that is cleared. */
const CLEARED = RECORDS / 20
const AT_ONCE = 100
const FILL = `for n = 1, ${RECORDS} do
  redis.call('SET', 'cache_affinity:a-' .. n .. ':OPENAI:gpt-5', ARGV[n % 20 == 0 and 1 or 2], 'EX', 3600) end`
const PAGE = '{ affinities(first: 1000, orderBy: { field: CREATED_AT }) { totalCount nodes { id } } }'

it('many affinities are read while requests are answered, and cleared in steps that do not block gateways', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const client = redis.client()
  await client.eval(FILL, 0, recordOf(), recordOf({ provider_id: 'another' }))
  const service = startService({
    DATABASE_URL: freshDatabase(),
    REDIS_URL: redis.url,
    ...FIXTURE_ENVIRONMENT,
    ADMIN_TOKENS,
    AUDIT_SPOOL_DIR: temporaryDirectory('spool'),
    PORT: '0',
  })
  const [, url = ''] = await service.line(/(http:\/\/127\.0\.0\.1:\d+)\/graphql/)
  const statusOf = async (path: string) => (await fetch(url + path)).status
  const ask = async (query: string) => {
    const reply = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
      body: JSON.stringify({ query }),
    })
    return reply.json()
  }

  // During the first read the service is alive but not ready, and queries that need no affinities succeed.
  const early = ask('{ affinities { totalCount } }')
  let looks = 0
  await measured(`${RECORDS} affinities: ready`, async () => {
    while ((await statusOf('/health/ready')) !== 200) {
      expect(await statusOf('/health/live')).toBe(200)
      expect((await ask('{ viewer { name } }')).data).toEqual({ viewer: { name: 'tests' } })
      looks += 1
      await sleep(50)
    }
  })
  expect(looks).toBeGreaterThan(2)
  // An answer has all records or an error, never a part of them.
  const { data: whole, errors } = await early
  expect(errors?.[0].extensions.code ?? whole.affinities.totalCount).toBeOneOf(['CACHE_UNAVAILABLE', RECORDS])

  const { data } = await measured(`${RECORDS} affinities: a page of 1,000`, () => ask(PAGE))
  expect([data.affinities.totalCount, data.affinities.nodes.length]).toEqual([RECORDS, 1_000])
  const far = `{ affinities(first: 10, offset: ${RECORDS - 5}) { nodes { id } } }`
  expect((await ask(far)).data.affinities.nodes).toHaveLength(5)

  redis.cli('config', 'resetstat')
  const clear = `mutation { clearProviderCache(providerId: "${PROVIDER}") { ... on ClearPayload { clearedCount } } }`
  const cleared = await measured(`${RECORDS} affinities: a clear of ${CLEARED}`, () => ask(clear))
  expect(cleared.data.clearProviderCache).toEqual({ clearedCount: CLEARED })
  expect(await client.dbsize()).toBe(RECORDS - CLEARED + 1)
  // Each command reads a limited number of keys, and none reads all of them.
  const stats = redis.cli('info', 'commandstats')
  // Each script that compares and removes has one.
  expect(stats).toContain(`cmdstat_unlink:calls=${CLEARED / AT_ONCE},`)
  expect(stats).not.toMatch(/cmdstat_(keys|del|flushdb|flushall|scan):/)
}, 180_000)
