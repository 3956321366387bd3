import { readFileSync } from 'node:fs'
import { buildSchema, type GraphQLSchema, isEnumType, isObjectType } from 'graphql'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { schema } from '../../src/schema/index.js'
import { startTestApp, type TestApp, VIEWER_TOKEN } from '../support/app.js'
import { json, startGateway } from '../support/gateway.js'
import { psql } from '../support/servers/postgres.js'

const COUNTERS = `
  cacheHits cacheMisses cacheHitRate cacheInvalidations providerSwitches keySwitches`
const EVERY_FIELD = `{ cacheStats {
  scheduler schedulingMode priorityMode storageType totalAffinities countersProblem ${COUNTERS}
  schedulerMetrics {
    totalBatches lastBatchSize totalCandidates lastCandidateCount cacheHits cacheMisses cacheHitRate
    concurrencyDenied avgCandidatesPerBatch lastApiFormat lastModelName lastUpdatedAt
    reservationProbeCount reservationStableCount avgReservationRatio
  }
  affinityStats { storageType totalAffinities ${COUNTERS} defaultTtlSeconds }
  dynamicReservation {
    enabled currentAvgRatio probePhaseRatio totalChecks
    config {
      probePhaseRequests probeReservation stableMinReservation stableMaxReservation
      lowLoadThreshold highLoadThreshold
    }
  }
  observed { since created refreshed providerSwitches keySwitches removed expired reuseRate }
} }`

/** A type's fields with their arguments and types, or an enum's values, without descriptions. */
function shapeOf(from: GraphQLSchema, name: string): unknown {
  const type = from.getType(name)
  if (isEnumType(type))
    return type
      .getValues()
      .map((value) => value.name)
      .sort()
  if (!isObjectType(type)) throw new Error(`${name} is no object type`)
  return Object.fromEntries(
    Object.values(type.getFields()).map(({ name: field, type: of, args }) => [
      field,
      { type: String(of), args: args.map((arg) => `${arg.name}: ${arg.type} = ${String(arg.defaultValue)}`) },
    ]),
  )
}

describe('cacheStats in the schema', () => {
  const contract = buildSchema(readFileSync('tests/fixtures/contract.graphql', 'utf8'))
  it.each([
    'StorageType',
    'CacheStats',
    'SchedulerMetrics',
    'ObservedStats',
    'AffinityStats',
    'DynamicReservationStats',
    'DynamicReservationConfig',
    'ConfigParameter',
    'CacheConfig',
  ])('has all of %s that the contract has, as it has it', (name) => {
    expect(shapeOf(schema, name)).toMatchObject(shapeOf(contract, name) as object)
  })

  it.each(['cacheStats', 'cacheConfig'])('answers %s as the contract says', (field) => {
    const ofQuery = (from: GraphQLSchema) => (shapeOf(from, 'Query') as Record<string, unknown>)[field]
    expect(ofQuery(schema)).toEqual(ofQuery(contract))
  })
})

describe('cacheStats', () => {
  let service: TestApp
  let redis: Redis
  beforeAll(async () => {
    service = await startTestApp()
    redis = service.redis.client()
  })
  beforeEach(async () => {
    await redis.del('cache_stats:scheduler', 'cache_stats:affinity')
  })
  afterAll(() => service.close())

  it('tells that nobody counts: counts and rates are null, not 0, and why', async () => {
    const { data, errors } = await service.query(EVERY_FIELD)
    expect(errors).toEqual([])
    const counters = {
      cacheHits: null,
      cacheMisses: null,
      cacheHitRate: null,
      cacheInvalidations: null,
      providerSwitches: null,
      keySwitches: null,
    }
    expect(data.cacheStats).toEqual({
      scheduler: 'cache_aware',
      schedulingMode: 'cache_affinity',
      priorityMode: 'global_key',
      storageType: 'REDIS',
      totalAffinities: 506,
      countersProblem:
        'No gateway reports its counts. GATEWAY_URLS lets this service ask for them; what it sees itself is in `observed`.',
      ...counters,
      schedulerMetrics: {
        totalBatches: null,
        lastBatchSize: null,
        totalCandidates: null,
        lastCandidateCount: null,
        cacheHits: null,
        cacheMisses: null,
        cacheHitRate: null,
        concurrencyDenied: null,
        avgCandidatesPerBatch: null,
        lastApiFormat: null,
        lastModelName: null,
        lastUpdatedAt: null,
        reservationProbeCount: null,
        reservationStableCount: null,
        avgReservationRatio: null,
      },
      affinityStats: { storageType: 'REDIS', totalAffinities: 506, ...counters, defaultTtlSeconds: 300 },
      dynamicReservation: {
        enabled: true,
        currentAvgRatio: null,
        probePhaseRatio: null,
        totalChecks: null,
        config: {
          probePhaseRequests: 100,
          probeReservation: 0.1,
          stableMinReservation: 0.1,
          stableMaxReservation: 0.35,
          lowLoadThreshold: 0.5,
          highLoadThreshold: 0.8,
        },
      },
      observed: {
        since: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        created: expect.any(Number),
        refreshed: expect.any(Number),
        providerSwitches: expect.any(Number),
        keySwitches: expect.any(Number),
        removed: expect.any(Number),
        expired: expect.any(Number),
        reuseRate: null,
      },
    })
  })

  it('shows what the gateways have counted in Redis, the affinity manager’s look-ups at the top', async () => {
    await redis.hset('cache_stats:scheduler', {
      total_batches: 8,
      total_candidates: 20,
      cache_hits: 1,
      cache_misses: 1,
      reservation_probe_count: 1,
      reservation_stable_count: 3,
      avg_reservation_ratio: '0.25',
      last_batch_size: 3,
      last_model_name: 'llama3:8b',
      last_updated_at: Date.UTC(2026, 0, 1) / 1_000,
    })
    await redis.hset('cache_stats:affinity', {
      total_affinities: 99_999,
      cache_hits: 3,
      cache_misses: 1,
      cache_invalidations: 5,
      provider_switches: 6,
      key_switches: 7,
    })
    const { data } = await service.query(EVERY_FIELD, {}, { token: VIEWER_TOKEN })
    const counters = {
      totalAffinities: 506,
      cacheHits: 3,
      cacheMisses: 1,
      cacheHitRate: 0.75,
      cacheInvalidations: 5,
      providerSwitches: 6,
      keySwitches: 7,
    }
    expect(data.cacheStats).toMatchObject({
      ...counters,
      affinityStats: counters,
      schedulerMetrics: {
        totalBatches: 8,
        avgCandidatesPerBatch: 2.5,
        cacheHitRate: 0.5,
        lastBatchSize: 3,
        lastApiFormat: null,
        lastModelName: 'llama3:8b',
        lastUpdatedAt: '2026-01-01T00:00:00.000Z',
        avgReservationRatio: 0.25,
      },
      dynamicReservation: { totalChecks: 4, probePhaseRatio: 0.25, currentAvgRatio: 0.25 },
    })
  })

  it('shows a counter beyond GraphQL’s largest Int as that Int, and its rate exactly', async () => {
    await redis.hset('cache_stats:affinity', { cache_hits: '6000000000', cache_misses: '2000000000' })
    const { data, errors } = await service.query('{ cacheStats { cacheHits cacheMisses cacheHitRate } }')
    expect(errors).toEqual([])
    expect(data.cacheStats).toEqual({
      cacheHits: 2_147_483_647,
      cacheMisses: 2_000_000_000,
      cacheHitRate: 0.75,
    })
  })

  it('takes junk in the hashes as missing, and logs it once', async () => {
    await redis.set('cache_stats:scheduler', 'no hash')
    await redis.hset('cache_stats:affinity', { cache_hits: 'seven', cache_misses: '2' })
    for (let read = 0; read < 3; read += 1) {
      const { data, errors } = await service.query(EVERY_FIELD)
      expect(errors).toEqual([])
      expect(data.cacheStats).toMatchObject({ cacheHits: null, cacheMisses: 2, cacheHitRate: 0 })
    }
    const logged = service.logs.filter(({ msg }) => String(msg).startsWith('a cached counter'))
    expect(logged).toEqual([
      expect.objectContaining({ key: 'cache_stats:scheduler', field: null }),
      expect.objectContaining({ key: 'cache_stats:affinity', field: 'cache_hits' }),
    ])
  })

  it('issues one SQL statement, and none where no mode is asked for', async () => {
    const whole = await service.statementsOf(() => service.query(EVERY_FIELD))
    expect(whole).toEqual([expect.stringContaining('FROM system_configs')])
    const counters = await service.statementsOf(() =>
      service.query('{ cacheStats { totalAffinities cacheHits } }'),
    )
    expect(counters).toEqual([])
  })

  it('needs a token', async () => {
    expect((await service.query('{ cacheStats { scheduler } }', {}, { token: null })).data).toBeNull()
  })

  it('falls back to the gateway’s defaults where a mode is missing or nobody knows it', async () => {
    const other = await startTestApp({ redis: 'empty' })
    try {
      const modes = async () =>
        (await other.query('{ cacheStats { schedulingMode priorityMode } }')).data.cacheStats
      const set = (key: string, value: string) =>
        psql(other.databaseUrl, `UPDATE system_configs SET value = '${value}' WHERE key = '${key}'`)
      set('scheduling_mode', '"fixed_order"')
      set('provider_priority_mode', '"provider"')
      expect(await modes()).toEqual({ schedulingMode: 'fixed_order', priorityMode: 'provider' })
      set('scheduling_mode', '"whatever comes"')
      set('provider_priority_mode', '{"not": "a string"}')
      expect(await modes()).toEqual({ schedulingMode: 'cache_affinity', priorityMode: 'provider' })
      psql(other.databaseUrl, 'DELETE FROM system_configs')
      expect(await modes()).toEqual({ schedulingMode: 'cache_affinity', priorityMode: 'provider' })
    } finally {
      await other.close()
    }
  })

  it('adds up what is in Redis and what stock gateways tell over HTTP, and leaves out one that is down', async () => {
    const gateway = (hits: number) =>
      startGateway(
        json({
          data: {
            scheduler_metrics: { total_batches: hits, last_updated_at: hits, last_model_name: `m${hits}` },
            affinity_stats: { cache_hits: hits, cache_misses: 1, provider_switches: 0 },
          },
        }),
      )
    const [one, two, down] = [await gateway(10), await gateway(20), await gateway(40)]
    await down.stop()
    const token = 'canary-token-of-the-gateways'
    const other = await startTestApp({
      redis: 'empty',
      env: { GATEWAY_URLS: `${one.url}, ${two.url}/,${down.url}`, GATEWAY_TOKEN: token },
    })
    try {
      await other.redis.client().hset('cache_stats:affinity', { cache_hits: 5, cache_misses: 3 })
      const stats = () =>
        other.query(
          '{ cacheStats { cacheHits cacheHitRate schedulerMetrics { totalBatches lastModelName } } }',
        )
      const patience = { timeout: 10_000 }
      await vi.waitFor(async () => {
        expect((await stats()).data.cacheStats).toEqual({
          cacheHits: 35,
          cacheHitRate: 35 / 40,
          schedulerMetrics: { totalBatches: 30, lastModelName: 'm20' },
        })
        expect(other.logs.filter(({ gateway: url }) => url === down.url)).toEqual([
          expect.objectContaining({ msg: 'gateway left out of the statistics' }),
        ])
      }, patience)
      expect(JSON.stringify(other.logs)).not.toContain(token)
      // The statistics do not wait for the affinities' first read.
      await vi.waitFor(async () => {
        const health = await other.app.yoga.fetch('http://localhost/health/ready')
        expect(await health.json()).toMatchObject({ status: 'ready', gateways: { up: 2, down: 1 } })
      }, patience)
    } finally {
      await other.close()
    }
  })
})

describe('cacheStats while the cache is away', () => {
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp()
    await service.redis.kill()
  })
  afterAll(() => service.close())

  it.each([
    'totalAffinities',
    'cacheHits',
    'schedulerMetrics { totalBatches }',
    'dynamicReservation { totalChecks }',
  ])('fails for %s, and never reads as 0', async (field) => {
    const { data, errors } = await service.query(`{ cacheStats { ${field} } }`)
    if (field === 'cacheHits') expect(data).toEqual({ cacheStats: { cacheHits: null } })
    else expect(data).toBeNull()
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['CACHE_UNAVAILABLE'])
  })

  it('still tells what the database knows', async () => {
    const { data, errors } = await service.query('{ cacheStats { schedulingMode storageType } }')
    expect(errors).toEqual([])
    expect(data.cacheStats).toEqual({ schedulingMode: 'cache_affinity', storageType: 'REDIS' })
  })
})
