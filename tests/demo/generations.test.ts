import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { STEADY_CALLER } from '../../src/demo/conversations.js'
import { createDemoGateway } from '../../src/demo/demo-gateway.js'
import { createServedTraffic } from '../../src/demo/served-traffic.js'
import type { Generation } from '../../src/gateway/gateway.js'
import { MemoryKeyspace } from '../../src/redis/memory-keyspace.js'
import { ADMIN_TOKEN, ask } from '../support/app.js'
import { type DemoApp, startDemoApp } from '../support/demo.js'
import { seededRandom } from './seeded-random.js'

const STEADY_ID = STEADY_CALLER?.id ?? ''

describe.each(['ENDPOINT_KEYS', 'PROVIDER_KEYS', 'PROCESS_MEMORY'] as const)(
  'traffic of %s',
  (generation) => {
    const isRust = generation === 'PROCESS_MEMORY'

    async function start() {
      let time = Date.parse('2026-01-01T00:00:00Z')
      const now = () => time
      const keyspace = new MemoryKeyspace(now)
      const random = seededRandom(7)
      const gateway = createDemoGateway({ generation, keyspace, now, random })
      const traffic = createServedTraffic({ generation, gateway, keyspace, random, now })
      const step = async () => {
        time += 500
        await traffic.step()
      }
      await traffic.begin()
      await step()
      const prefix = isRust ? `scheduler_affinity:v2:${STEADY_ID}:` : `cache_affinity:${STEADY_ID}:`
      const [key = ''] = keyspace.keys(prefix)
      const record = () => JSON.parse(keyspace.get(key) ?? 'null')
      const clear = (target: string, method = 'DELETE') =>
        gateway.standIn.answer({ method, target, authorization: `Bearer ${gateway.token}`, body: '' }, 0)
      return { keyspace, key, record, step, clear }
    }

    it('writes a pin in use back that is removed from Redis alone', async () => {
      const { keyspace, key, record, step } = await start()
      const before = record()
      for (let round = 0; round < 4; round += 1) {
        keyspace.delete(key)
        await step()
      }
      expect(record()).toMatchObject({ created_at: before.created_at, key_id: before.key_id })
      expect(record().request_count).toBeGreaterThan(before.request_count)
    })

    it('forgets it where its own API is asked', async () => {
      const { record, step, clear } = await start()
      const before = record()
      await step()
      expect(await clear(`/api/admin/monitoring/cache/users/${STEADY_ID}`)).toMatchObject({ status: 200 })
      expect(record()).toBeNull()
      await step()
      expect(record().created_at).toBeGreaterThan(before.created_at)
      // The candidates of a session that was served twice outlive its pin on Rust.
      if (isRust) expect(record().key_id).toBe(before.key_id)
    })

    it('has past traffic with records of every age, and goes on for ten minutes', async () => {
      const { keyspace, step } = await start()
      for (let round = 0; round < 1_200; round += 1) await step()
      const records = [...keyspace.keys(isRust ? 'scheduler_affinity:' : 'cache_affinity:')]
      expect(records.length).toBeGreaterThan(generation === 'ENDPOINT_KEYS' ? 3 : 60)
      expect([...keyspace.keys('ap:')].length).toBe(generation === 'ENDPOINT_KEYS' ? 0 : 12)
    })
  },
)

describe.each([
  ['provider-keys', 'PROVIDER_KEYS'],
  ['process-memory', 'PROCESS_MEMORY'],
] as const satisfies [string, Generation][])('the demo of %s', (word, generation) => {
  let service: DemoApp
  beforeAll(async () => {
    service = await startDemoApp({ DEMO_GATEWAY: word })
  })
  afterAll(() => service?.close())

  it('is that gateway, with all that the API shows of one', async () => {
    const { data, errors: none } = await ask(
      service.app,
      `{ gateway { generation clearPath clearProblem missing { field } hasPoolSessions }
         affinities(first: 50, filter: { stale: false }) {
           totalCount
           nodes { user { username } provider { name } endpoint { apiFormat } providerKey { maskedKey } modelDisplayName } }
         poolSessions { totalCount } }`,
      {},
      { token: ADMIN_TOKEN },
    )
    expect(none).toEqual([])
    expect(data.gateway).toEqual({
      generation,
      clearPath: 'GATEWAY_API',
      clearProblem: null,
      missing: [],
      hasPoolSessions: true,
    })
    expect(data.affinities.totalCount).toBeGreaterThan(100)
    for (const node of data.affinities.nodes) {
      expect(Object.values(node)).not.toContain(null)
      expect(node.endpoint.apiFormat).toMatch(/^(claude|openai):/)
      expect(node.providerKey.maskedKey).toMatch(/^sk-demo-/)
    }
    expect(data.poolSessions.totalCount).toBe(12)
    const month = new Date(Date.now() - 30 * 86_400_000).toISOString()
    const usage = await ask(
      service.app,
      `{ cacheUsage(since: "${month}", by: PROVIDER_KEY) { total { requests netSavedUsd unpricedRequests } groups { providerKey { name } } }
         switchCosts(since: "${month}", by: DAY) { total { pairs } groups { figures { switches } } } }`,
      {},
      { token: ADMIN_TOKEN },
    )
    expect(usage.errors).toEqual([])
    // On one day a storm switched more than on any two others.
    const switches: number[] = usage.data.switchCosts.groups.map(
      ({ figures }: { figures: { switches: number } }) => figures.switches,
    )
    const [storm = 0, ...others] = switches.sort((a, b) => b - a)
    expect(storm).toBeGreaterThan((others[0] ?? 0) + (others[1] ?? 0))
    const { total, groups } = usage.data.cacheUsage
    expect(total.requests).toBeGreaterThan(1_000)
    expect(total.netSavedUsd).toBeGreaterThan(10)
    expect(total.unpricedRequests).toBeGreaterThan(0)
    for (const { providerKey } of groups) expect(providerKey.name).toMatch(/^(anthropic|openai|openrouter)-/)
    expect(service.errors).toEqual([])
  })

  it('clears through its node, as the generation lets it', async () => {
    const { data } = await ask(
      service.app,
      `mutation { clearUserCache(identifier: "${STEADY_ID}") {
         ... on ClearUserCachePayload { clearedCount nodes { url ok } warnings { code } } } }`,
    )
    const { clearedCount, nodes, warnings } = data.clearUserCache
    expect(clearedCount).toBeGreaterThan(0)
    expect(nodes).toEqual([{ url: service.demo.node.url, ok: true }])
    expect(warnings.map(({ code }: { code: string }) => code).includes('NOT_IMMEDIATE')).toBe(
      generation === 'PROCESS_MEMORY',
    )
  })

  it('tells a visitor without an account which gateway it plays', async () => {
    const response = await service.app.yoga.fetch('http://localhost/health/ready')
    expect(await response.json()).toMatchObject({ demo: generation })
  })
})
