import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AffinityIdentity, encodeAffinityKey } from '../../src/affinities/affinity-key.js'
import { parseAffinity } from '../../src/affinities/affinity-record.js'
import { createAffinityRecorder } from '../../src/demo/recorder/affinity-recorder.js'
import type { RecorderBackend } from '../../src/demo/recorder/backend.js'
import { createMemoryBackend } from '../../src/demo/recorder/memory-backend.js'
import { createRedisBackend } from '../../src/demo/recorder/redis-backend.js'
import { MemoryKeyspace } from '../../src/redis/memory-keyspace.js'
import { type RedisServer, startRedis } from '../support/servers/redis.js'

const PIN = { providerId: 'provider-1', endpointId: 'endpoint-1', providerKeyId: 'key-1' }
const OTHER_PIN = { ...PIN, providerKeyId: 'key-2' }

/** A backend, and a look behind it that does not go through it. */
interface Place {
  readonly backend: RecorderBackend
  value(key: string): Promise<string | undefined>
  ttlSeconds(key: string): Promise<number>
  counter(key: string, field: string): Promise<string | undefined>
  putString(key: string, value: string): Promise<void>
  putHash(key: string): Promise<void>
}

function memoryPlace(): Place {
  const keyspace = new MemoryKeyspace()
  return {
    backend: createMemoryBackend(keyspace),
    value: async (key) => keyspace.get(key),
    ttlSeconds: async (key) => keyspace.ttlSeconds(key) ?? -2,
    counter: async (key, field) => keyspace.hash(key).get(field),
    putString: async (key, value) => keyspace.set(key, value, 60),
    putHash: async (key) => keyspace.increment(key, 'field', 1),
  }
}

function redisPlace(server: RedisServer): Place {
  const client = server.client()
  return {
    backend: createRedisBackend(client),
    value: async (key) => (await client.get(key)) ?? undefined,
    ttlSeconds: (key) => client.ttl(key),
    counter: async (key, field) => (await client.hget(key, field)) ?? undefined,
    putString: async (key, value) => void (await client.set(key, value, 'EX', 60)),
    putHash: async (key) => void (await client.hset(key, 'field', '1')),
  }
}

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

describe.each([
  ['in memory', () => memoryPlace()],
  ['in Redis', () => redisPlace(server)],
])('an affinity recorder %s', (_name, makePlace) => {
  let serial = 0
  /** A recorder on a clock of the test's own, and a record that no other test uses. */
  function setUp(startMs = 1_763_841_600_123) {
    const place = makePlace()
    const clock = { ms: startMs }
    serial += 1
    const identity: AffinityIdentity = {
      affinityKey: `api-key-${serial}`,
      apiFormat: 'CLAUDE',
      modelId: 'llama3:8b',
    }
    const recorder = createAffinityRecorder(place.backend, { now: () => clock.ms })
    return { place, clock, recorder, identity, key: encodeAffinityKey(identity) }
  }

  it('writes what the gateway would have written, to the byte', async () => {
    const { place, recorder, identity, key } = setUp()
    expect(await recorder.record(identity, PIN)).toEqual({ kind: 'created' })
    expect(await place.value(key)).toBe(
      '{"provider_id": "provider-1", "endpoint_id": "endpoint-1", "key_id": "key-1", "api_format": "CLAUDE", ' +
        '"model_name": "llama3:8b", "created_at": 1763841600.123, "expire_at": 1763841900.123, "request_count": 1}',
    )
  })

  it('writes whole seconds as floats and other scripts as escapes, as Python does', async () => {
    const { place, recorder, identity } = setUp(1_763_841_600_000)
    const model = { ...identity, modelId: '张伟 é 😀 \x7f \x01 " \\ / \n' }
    await recorder.record(model, PIN, { ttlSeconds: 60 })
    const value = await place.value(encodeAffinityKey(model))
    expect(value).toContain(
      '"model_name": "\\u5f20\\u4f1f \\u00e9 \\ud83d\\ude00 \\u007f \\u0001 \\" \\\\ / \\n", ' +
        '"created_at": 1763841600.0, "expire_at": 1763841660.0,',
    )
    expect(JSON.parse(value ?? '')).toMatchObject({ model_name: model.modelId })
  })

  it('is read back as it was recorded, by the recorder and by the service', async () => {
    const { place, recorder, identity, key } = setUp()
    await recorder.record(identity, PIN, { ttlSeconds: 120 })
    const record = {
      key,
      ...identity,
      ...PIN,
      requestCount: 1,
      createdAt: 1_763_841_600.123,
      expiresAt: 1_763_841_720.123,
    }
    expect(await recorder.get(identity)).toEqual(record)
    expect(parseAffinity(key, (await place.value(key)) ?? '')).toEqual({ record })
  })

  it('slides the expiry of a pin that is used again, and counts the request', async () => {
    const { clock, recorder, identity } = setUp()
    await recorder.record(identity, PIN)
    clock.ms += 250_000
    expect(await recorder.record(identity, PIN)).toEqual({ kind: 'refreshed' })
    expect(await recorder.get(identity)).toMatchObject({
      requestCount: 2,
      createdAt: 1_763_841_600.123,
      expiresAt: 1_763_842_150.123,
    })
  })

  it('begins anew when the pin changes, and says which one it was', async () => {
    const { clock, recorder, identity } = setUp()
    await recorder.record(identity, PIN)
    await recorder.record(identity, PIN)
    clock.ms += 10_000
    expect(await recorder.record(identity, OTHER_PIN)).toEqual({ kind: 'switched', previous: PIN })
    expect(await recorder.get(identity)).toMatchObject({
      ...OTHER_PIN,
      requestCount: 1,
      createdAt: 1_763_841_610.123,
    })
  })

  it('lets the cache itself forget the record after its TTL, 300 s if none is given', async () => {
    const { place, recorder, identity, key } = setUp()
    await recorder.record(identity, PIN)
    expect(await place.ttlSeconds(key)).toBeCloseTo(300, -1)
    await recorder.record(identity, PIN, { ttlSeconds: 3_600 })
    expect(await place.ttlSeconds(key)).toBeCloseTo(3_600, -1)
  })

  it('takes a record for gone once its expiry has passed, though the cache still holds it', async () => {
    const { clock, recorder, identity } = setUp()
    await recorder.record(identity, PIN, { ttlSeconds: 60 })
    clock.ms += 60_001
    expect(await recorder.get(identity)).toBeUndefined()
    expect(await recorder.record(identity, PIN)).toEqual({ kind: 'created' })
    expect(await recorder.get(identity)).toMatchObject({ requestCount: 1 })
  })

  it('counts every one of many requests that are recorded at once', async () => {
    const { recorder, identity } = setUp()
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => recorder.record(identity, PIN)))
    expect(outcomes.filter(({ kind }) => kind === 'created')).toHaveLength(1)
    expect(await recorder.get(identity)).toMatchObject({ requestCount: 50 })
  })

  it('invalidates a record once', async () => {
    const { recorder, identity } = setUp()
    await recorder.record(identity, PIN)
    expect(await recorder.invalidate(identity)).toBe(true)
    expect(await recorder.get(identity)).toBeUndefined()
    expect(await recorder.invalidate(identity)).toBe(false)
  })

  it('replaces a value that cannot be read', async () => {
    const { place, recorder, identity, key } = setUp()
    await place.putString(key, '{not json')
    expect(await recorder.get(identity)).toBeUndefined()
    expect(await recorder.record(identity, PIN)).toEqual({ kind: 'created' })
    expect(await recorder.get(identity)).toMatchObject(PIN)
  })

  it('replaces a key of another Redis type', async () => {
    const { place, recorder, identity, key } = setUp()
    await place.putHash(key)
    expect(await recorder.get(identity)).toBeUndefined()
    expect(await recorder.record(identity, PIN)).toEqual({ kind: 'created' })
    expect(await recorder.get(identity)).toMatchObject(PIN)
  })

  it("adds to the gateways' counters", async () => {
    const { place, recorder } = setUp()
    const before = Number((await place.counter('cache_stats:scheduler', 'total_candidates')) ?? 0)
    await recorder.countScheduler('total_candidates', 3)
    await recorder.countScheduler('total_candidates')
    await recorder.countAffinity('provider_switches')
    expect(await place.counter('cache_stats:scheduler', 'total_candidates')).toBe(String(before + 4))
    expect(await place.counter('cache_stats:affinity', 'provider_switches')).toBe('1')
  })

  it.each([
    ['a colon in the API key id', { affinityKey: 'a:b' }, {}],
    ['a colon in the format', { apiFormat: 'a:b' }, {}],
    ['a TTL of 0', {}, { ttlSeconds: 0 }],
    ['a TTL with a fraction', {}, { ttlSeconds: 1.5 }],
    ['no number for a TTL', {}, { ttlSeconds: Number.NaN }],
  ])('refuses %s and writes nothing', async (_what, identityPart, options) => {
    const { place, recorder, identity, key } = setUp()
    const attempt = recorder.record({ ...identity, ...identityPart }, PIN, options)
    await expect(attempt).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await place.value(key)).toBeUndefined()
  })

  it('refuses to count parts of a request', async () => {
    const { recorder } = setUp()
    await expect(recorder.countAffinity('cache_hits', 0.5)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

it('tells its caller when Redis does not answer, and records again when it does', async () => {
  const own = await startRedis()
  try {
    const client = own.client({ maxRetriesPerRequest: 0, enableOfflineQueue: false })
    const recorder = createAffinityRecorder(createRedisBackend(client))
    const identity = { affinityKey: 'api-key', apiFormat: 'CLAUDE', modelId: 'm' }
    await client.ping().catch(() => new Promise((resolve) => client.once('ready', resolve)))
    await recorder.record(identity, PIN)
    await own.kill()
    await expect(recorder.record(identity, PIN)).rejects.toThrow()
    const ready = new Promise((resolve) => client.once('ready', resolve))
    await own.restart()
    await ready
    expect(await recorder.record(identity, PIN)).toEqual({ kind: 'created' })
  } finally {
    await own.stop()
  }
})
