import { describe, expect, it } from 'vitest'
import type { AffinityIdentity } from '../../src/affinities/affinity-record.js'
import { cacheAffinity } from '../../src/affinities/families/cache-affinity.js'
import { createAffinityRecorder } from '../../src/demo/recorder.js'
import { MemoryKeyspace } from '../../src/redis/memory-keyspace.js'

const PIN = { providerId: 'provider-1', endpointId: 'endpoint-1', providerKeyId: 'key-1' }
const OTHER_PIN = { ...PIN, providerKeyId: 'key-2' }
const IDENTITY: AffinityIdentity = { affinityKey: 'api-key', apiFormat: 'CLAUDE', modelId: 'llama3:8b' }
const KEY = cacheAffinity.encode(IDENTITY)

/** A recorder on a clock of the test's own; the keyspace's stands still, so that only the recorder judges expiry. */
function setUp(startMs = 1_763_841_600_123) {
  const keyspace = new MemoryKeyspace(() => startMs)
  const clock = { ms: startMs }
  return { keyspace, clock, recorder: createAffinityRecorder(keyspace, () => clock.ms) }
}

describe('the recorder of the demo', () => {
  it('writes what the gateway would have written, to the byte', () => {
    const { keyspace, recorder } = setUp()
    expect(recorder.record(IDENTITY, PIN, 300)).toEqual({ kind: 'created' })
    expect(keyspace.get(KEY)).toBe(
      '{"provider_id": "provider-1", "endpoint_id": "endpoint-1", "key_id": "key-1", "api_format": "CLAUDE", ' +
        '"model_name": "llama3:8b", "created_at": 1763841600.123, "expire_at": 1763841900.123, "request_count": 1}',
    )
    expect(keyspace.ttlSeconds(KEY)).toBe(300)
  })

  it('writes whole seconds as floats and other scripts as escapes, as Python does', () => {
    const { keyspace, recorder } = setUp(1_763_841_600_000)
    const model = { ...IDENTITY, modelId: '张伟 é 😀 \x7f \x01 " \\ / \n' }
    recorder.record(model, PIN, 60)
    const value = keyspace.get(cacheAffinity.encode(model))
    expect(value).toContain(
      '"model_name": "\\u5f20\\u4f1f \\u00e9 \\ud83d\\ude00 \\u007f \\u0001 \\" \\\\ / \\n", ' +
        '"created_at": 1763841600.0, "expire_at": 1763841660.0,',
    )
    expect(JSON.parse(value ?? '')).toMatchObject({ model_name: model.modelId })
  })

  it('slides the expiry of a pin that is used again, and counts the request', () => {
    const { clock, recorder } = setUp()
    recorder.record(IDENTITY, PIN, 300)
    clock.ms += 250_000
    expect(recorder.record(IDENTITY, PIN, 300)).toEqual({ kind: 'refreshed' })
    expect(recorder.get(IDENTITY)).toEqual({
      key: KEY,
      family: 'cache_affinity',
      ...IDENTITY,
      ...PIN,
      requestCount: 2,
      createdAt: 1_763_841_600.123,
      expiresAt: 1_763_842_150.123,
      writtenExpiry: 1_763_842_150.123,
    })
  })

  it('begins anew when the pin changes, and says which one it was', () => {
    const { clock, recorder } = setUp()
    recorder.record(IDENTITY, PIN, 300)
    recorder.record(IDENTITY, PIN, 300)
    clock.ms += 10_000
    const outcome = recorder.record(IDENTITY, OTHER_PIN, 300)
    expect(outcome).toMatchObject({ kind: 'switched', previous: PIN })
    expect(recorder.get(IDENTITY)).toMatchObject({
      ...OTHER_PIN,
      requestCount: 1,
      createdAt: 1_763_841_610.123,
    })
  })

  it('takes a record for gone once its expiry has passed, though the cache still holds it', () => {
    const { clock, recorder } = setUp()
    recorder.record(IDENTITY, PIN, 60)
    clock.ms += 60_001
    expect(recorder.get(IDENTITY)).toBeUndefined()
    expect(recorder.record(IDENTITY, PIN, 60)).toEqual({ kind: 'created' })
    expect(recorder.get(IDENTITY)).toMatchObject({ requestCount: 1 })
  })

  it('replaces a value that cannot be read', () => {
    const { keyspace, recorder } = setUp()
    keyspace.set(KEY, '{not json')
    expect(recorder.get(IDENTITY)).toBeUndefined()
    expect(recorder.record(IDENTITY, PIN, 300)).toEqual({ kind: 'created' })
    expect(recorder.get(IDENTITY)).toMatchObject(PIN)
  })

  it('leaves less of its life to what it writes as of the past', () => {
    const now = 1_763_841_600_000
    const keyspace = new MemoryKeyspace(() => now)
    const recorder = createAffinityRecorder(
      keyspace,
      () => now,
      () => 100,
    )
    recorder.record(IDENTITY, PIN, 300)
    expect(keyspace.ttlSeconds(KEY)).toBe(200)
    expect(recorder.get(IDENTITY)).toMatchObject({ createdAt: 1_763_841_500, expiresAt: 1_763_841_800 })
  })

  it("adds to the gateways' counters", () => {
    const { keyspace, recorder } = setUp()
    recorder.countScheduler('total_candidates', 3)
    recorder.countScheduler('total_candidates')
    recorder.countAffinity('provider_switches')
    expect(keyspace.hash('cache_stats:scheduler').get('total_candidates')).toBe('4')
    expect(keyspace.hash('cache_stats:affinity').get('provider_switches')).toBe('1')
  })
})
