import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AffinityRecord } from '../../src/affinities/affinity-record.js'
import { cacheAffinity } from '../../src/affinities/families/cache-affinity.js'
import { FAMILIES } from '../../src/affinities/families/index.js'
import { DEMO_API_KEYS } from '../../src/demo/people.js'
import { DEMO_DEMANDS } from '../../src/demo/routes.js'
import { createRustProcess } from '../../src/demo/stand-in/rust-process.js'
import { memoryStandInStore } from '../../src/demo/stand-in/stand-in-store.js'
import { createDemoTraffic, startDemoTraffic } from '../../src/demo/traffic.js'
import { MemoryKeyspace } from '../../src/redis/memory-keyspace.js'
import { seededRandom } from './seeded-random.js'

const START_MS = 1_763_841_600_000
const STEP_MS = 500

function setUp(seed: number) {
  const clock = { ms: START_MS }
  const now = () => clock.ms
  const keyspace = new MemoryKeyspace(now)
  const traffic = createDemoTraffic({ keyspace, now, random: seededRandom(seed) })
  const step = async () => {
    clock.ms += STEP_MS
    traffic.step()
  }
  return { clock, keyspace, traffic, step }
}

function readAll(keyspace: MemoryKeyspace) {
  const records = new Map<string, AffinityRecord>()
  const broken: string[] = []
  for (const key of keyspace.keys(cacheAffinity.prefix)) {
    const parsed = FAMILIES.parse(key, keyspace.get(key) ?? '')
    if ('record' in parsed) records.set(key, parsed.record)
    else broken.push(key)
  }
  return { records, broken }
}

const counter = (keyspace: MemoryKeyspace, name: 'scheduler' | 'affinity', field: string): number =>
  Number(keyspace.hash(`cache_stats:${name}`).get(field))

const isRelic = (record: AffinityRecord) => record.createdAt < START_MS / 1_000 - 86_400

describe('the demo traffic at its start', () => {
  it('finds some 150 records of different age, none of them older than its own life allows', async () => {
    const { keyspace, traffic } = setUp(1)
    traffic.begin()
    const records = [...readAll(keyspace).records.values()].filter((record) => !isRelic(record))
    const ages = records.map(({ createdAt }) => START_MS / 1_000 - createdAt)
    expect(records.length).toBe(150)
    expect(Math.min(...ages)).toBeLessThan(60)
    expect(Math.max(...ages)).toBeGreaterThan(3_600)
    expect(new Set(records.map(({ requestCount }) => requestCount)).size).toBeGreaterThan(10)
    for (const { key, createdAt, expiresAt } of records) {
      const leftSeconds = expiresAt - START_MS / 1_000
      expect(leftSeconds).toBeGreaterThan(0)
      expect(leftSeconds).toBeLessThanOrEqual(300)
      expect(createdAt).toBeLessThan(START_MS / 1_000)
      expect(keyspace.ttlSeconds(key)).toBeCloseTo(leftSeconds, 3)
    }
  })

  it('finds counters that fit the records', async () => {
    const { keyspace, traffic } = setUp(1)
    traffic.begin()
    expect(counter(keyspace, 'affinity', 'total_affinities')).toBe(150)
    expect(counter(keyspace, 'affinity', 'cache_misses')).toBe(150)
    const { records } = readAll(keyspace)
    const requests = [...records.values()].filter((record) => !isRelic(record))
    const served = requests.reduce((sum, { requestCount }) => sum + requestCount, 0)
    expect(counter(keyspace, 'scheduler', 'total_batches')).toBe(served)
  })

  it('leaves one value that cannot be read', async () => {
    const { keyspace, traffic } = setUp(1)
    traffic.begin()
    expect(readAll(keyspace).broken).toHaveLength(1)
  })
})

describe.each([1, 2, 3])('1,000 steps of the demo traffic, seed %i', (seed) => {
  it('make records that appear, are refreshed, switch and expire, and keep their number within bounds', async () => {
    const { clock, keyspace, traffic, step } = setUp(seed)
    traffic.begin()
    const seen = { created: 0, refreshed: 0, providerSwitches: 0, keySwitches: 0, expired: 0 }
    let { records: before } = readAll(keyspace)
    const relics = [...before.values()].filter(isRelic)
    expect(relics.length).toBe(11)

    for (let count = 0; count < 1_000; count += 1) {
      await step()
      const { records, broken } = readAll(keyspace)
      expect(broken).toHaveLength(1)
      expect(records.size).toBeGreaterThanOrEqual(100)
      expect(records.size).toBeLessThanOrEqual(400)
      for (const [key, record] of records) {
        const previous = before.get(key)
        if (!previous) seen.created += 1
        else if (previous.providerId !== record.providerId) seen.providerSwitches += 1
        else if (previous.providerKeyId !== record.providerKeyId) seen.keySwitches += 1
        else if (previous.requestCount < record.requestCount) seen.refreshed += 1
      }
      for (const [key, record] of before) {
        if (records.has(key)) continue
        expect(record.expiresAt * 1_000).toBeLessThanOrEqual(clock.ms)
        seen.expired += 1
      }
      before = records
    }

    expect(seen.created).toBeGreaterThan(50)
    expect(seen.expired).toBeGreaterThan(50)
    expect(seen.refreshed).toBeGreaterThan(1_000)
    expect(seen.keySwitches).toBeGreaterThan(20)
    expect(seen.providerSwitches).toBeGreaterThan(5)
    for (const relic of relics) expect(before.get(relic.key)).toEqual(relic)
  })

  it('count what they do', async () => {
    const { keyspace, traffic, step } = setUp(seed)
    traffic.begin()
    for (let count = 0; count < 1_000; count += 1) await step()
    const scheduler = (field: string) => counter(keyspace, 'scheduler', field)
    const affinity = (field: string) => counter(keyspace, 'affinity', field)
    expect(scheduler('total_batches')).toBeGreaterThan(2_000)
    expect(scheduler('cache_hits') + scheduler('cache_misses')).toBe(scheduler('total_batches'))
    expect(scheduler('total_candidates')).toBeGreaterThan(scheduler('total_batches'))
    expect(scheduler('reservation_probe_count')).toBe(100)
    expect(scheduler('reservation_stable_count')).toBe(scheduler('total_batches') - 100)
    expect(scheduler('concurrency_denied')).toBeGreaterThan(50)
    expect(affinity('cache_hits')).toBe(scheduler('cache_hits'))
    expect(affinity('cache_misses')).toBe(scheduler('cache_misses'))
    expect(affinity('total_affinities')).toBe(affinity('cache_misses'))
    expect(affinity('key_switches')).toBeGreaterThan(affinity('provider_switches'))
    expect(affinity('provider_switches')).toBeGreaterThan(5)
  })
})

describe('the model-mapping caches of the demo traffic', () => {
  const keysOf = (keyspace: MemoryKeyspace, prefix: string) => [...keyspace.keys(prefix)]

  it('have entries of all families, unknown names and an invalid entry, through 1,000 steps', async () => {
    const { keyspace, traffic, step } = setUp(4)
    traffic.begin()
    const seen = new Set<string>()
    for (let count = 0; count <= 1_000; count += 1) {
      for (const prefix of [
        'model:id:',
        'model:provider_global:hits:',
        'global_model:id:',
        'global_model:name:',
      ]) {
        expect(keysOf(keyspace, prefix).length).toBeGreaterThan(0)
      }
      for (const key of keysOf(keyspace, 'global_model:resolve:')) {
        const value = keyspace.get(key) ?? ''
        if (value === 'NOT_FOUND') seen.add('not found')
        else if (key === 'global_model:resolve:gpt-5-turbo') seen.add('invalid')
        else expect(JSON.parse(value)).toMatchObject({ id: expect.any(String), is_active: true })
      }
      await step()
    }
    expect(seen).toEqual(new Set(['not found', 'invalid']))
  })

  it('name the model of a demand under its own name and under its aliases', async () => {
    const { keyspace, traffic, step } = setUp(5)
    traffic.begin()
    for (let count = 0; count < 200; count += 1) await step()
    expect(JSON.parse(keyspace.get('global_model:resolve:llama3:8b') ?? '')).toMatchObject({
      name: 'llama3:8b',
    })
    expect(JSON.parse(keyspace.get('global_model:resolve:llama3') ?? '')).toMatchObject({ name: 'llama3:8b' })
    const { globalModel, routes } = DEMO_DEMANDS[0] ?? expect.unreachable()
    const providerId = routes[0]?.pin.providerId
    const entry = keyspace.get(`model:provider_global:${providerId}:${globalModel.id}`)
    expect(JSON.parse(entry ?? '')).toEqual({
      id: expect.any(String),
      provider_id: providerId,
      global_model_id: globalModel.id,
      provider_model_name: 'claude-sonnet-4-5-20250929',
      provider_model_mappings: [
        { name: 'claude-sonnet-latest', priority: 1 },
        { name: 'sonnet', priority: 2 },
      ],
      is_active: true,
    })
    const hits = keyspace.get(`model:provider_global:hits:${providerId}:${globalModel.id}`)
    expect(Number(hits)).toBeGreaterThan(1)
  })

  it('expire and come back', async () => {
    const { keyspace, traffic, step } = setUp(6)
    traffic.begin()
    const made: string[] = []
    const names = new Set(keysOf(keyspace, 'global_model:id:'))
    let before = new Set<string>()
    for (let count = 0; count < 1_500; count += 1) {
      const entries = new Set(keysOf(keyspace, 'global_model:id:'))
      made.push(...[...entries].filter((key) => !before.has(key)))
      before = entries
      await step()
    }
    expect(made.length).toBeGreaterThan(names.size)
  })
})

describe('the demo traffic and its viewer', () => {
  it('makes new records when a viewer has cleared them all, and does not bring the stale ones back', async () => {
    const { keyspace, traffic, step } = setUp(7)
    traffic.begin()
    for (const key of [...keyspace.keys(cacheAffinity.prefix)]) keyspace.delete(key)
    for (let count = 0; count < 600; count += 1) await step()
    const { records, broken } = readAll(keyspace)
    expect(records.size).toBeGreaterThan(100)
    expect([...records.values()].filter(isRelic)).toEqual([])
    expect(broken).toEqual([])
  })

  it("calls with the demo's own keys only", async () => {
    const { keyspace, traffic, step } = setUp(8)
    traffic.begin()
    for (let count = 0; count < 200; count += 1) await step()
    const known = new Set(DEMO_API_KEYS.map(({ id }) => id))
    const { records } = readAll(keyspace)
    const strangers = [...records.values()].filter(({ affinityKey }) => !known.has(affinityKey))
    expect(strangers).toHaveLength(1)
    expect(strangers.every(isRelic)).toBe(true)
  })
})

describe('running demo traffic', () => {
  beforeEach(() => void vi.useFakeTimers({ now: START_MS }))
  afterEach(() => void vi.useRealTimers())

  it('steps every half second until it is stopped', async () => {
    const keyspace = new MemoryKeyspace()
    const running = startDemoTraffic({
      keyspace,
      random: seededRandom(9),
      onError(error) {
        throw error
      },
    })
    const served = () => counter(keyspace, 'scheduler', 'total_batches')
    const atStart = served()
    await vi.advanceTimersByTimeAsync(499)
    expect(served()).toBe(atStart)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(served()).toBeGreaterThanOrEqual(atStart + 40)
    running.stop()
    const atStop = served()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(served()).toBe(atStop)
  })

  it('reports a step that failed and goes on', async () => {
    const keyspace = new MemoryKeyspace()
    const errors: unknown[] = []
    const running = startDemoTraffic({
      keyspace,
      random: seededRandom(10),
      intervalMs: 100,
      onError: (error) => void errors.push(error),
    })
    keyspace.set('cache_stats:scheduler', 'not a hash')
    await vi.advanceTimersByTimeAsync(250)
    expect(errors).toHaveLength(2)
    expect(errors[0]).toBeInstanceOf(TypeError)
    keyspace.delete('cache_stats:scheduler')
    await vi.advanceTimersByTimeAsync(100)
    expect(counter(keyspace, 'scheduler', 'total_batches')).toBeGreaterThan(0)
    running.stop()
  })
})

describe('a process of the Rust gateway', () => {
  const target = { providerId: 'p', endpointId: 'e', providerKeyId: 'k' }
  const session = { apiFormat: 'openai:chat', model: 'm', clientFamily: 'codex', sessionHash: 'a'.repeat(64) }

  it.each([
    ['a clear of a provider', 'clearProvider'],
    ['a flush', 'flush'],
  ] as const)('counts at %s no pin that has expired', async (_, clear) => {
    const clock = { ms: START_MS }
    const now = () => clock.ms
    const store = memoryStandInStore(new MemoryKeyspace(now))
    const process = createRustProcess({ store, now, epoch: 1, choose: () => target })
    const serve = async (apiKeyId: string) => (await process.begin({ ...session, apiKeyId })).finish()
    await serve('early')
    clock.ms += 301_000
    await serve('late')
    expect(await process.list()).toHaveLength(1)
    expect(await process[clear]('p')).toBe(1)
  })
})
