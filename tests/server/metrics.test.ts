import { readFileSync } from 'node:fs'
import performanceHooks from 'node:perf_hooks'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createMetrics, type MetricSources } from '../../src/server/observe/metrics.js'
import { combine } from '../../src/statistics/statistics.js'
import { startStandIn, TOKEN } from '../gateway/nodes/nodes-support.js'
import { ADMIN_TOKEN, startTestApp, type TestApp, VIEWER_TOKEN } from '../support/app.js'
import { json, startGateway } from '../support/gateway.js'
import { type Family, parsePrometheus, type Sample } from '../support/prometheus.js'
import { PROMPT_MS } from '../support/promptly.js'

const GATEWAY_NAMES = [
  'cache_scheduler_total_batches',
  'cache_scheduler_last_batch_size',
  'cache_scheduler_total_candidates',
  'cache_scheduler_last_candidate_count',
  'cache_scheduler_cache_hits',
  'cache_scheduler_cache_misses',
  'cache_scheduler_cache_hit_rate',
  'cache_scheduler_concurrency_denied',
  'cache_scheduler_avg_candidates_per_batch',
  'cache_affinity_total',
  'cache_affinity_hits',
  'cache_affinity_misses',
  'cache_affinity_hit_rate',
  'cache_affinity_invalidations',
  'cache_affinity_provider_switches',
  'cache_affinity_key_switches',
]

const PATIENCE = { timeout: 10_000 }

interface ScrapeOptions {
  readonly token?: string | null
  readonly method?: string
}

const scrape = ({ app }: TestApp, { token = VIEWER_TOKEN, method = 'GET' }: ScrapeOptions = {}) =>
  app.yoga.fetch('http://localhost/metrics', {
    method,
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  })

async function families(service: TestApp): Promise<Map<string, Family>> {
  const response = await scrape(service)
  expect(response.status).toBe(200)
  return parsePrometheus(await response.text())
}

/** Names and values of the gauges without labels that dashboards of the gateway know. */
const gatewayFigures = (from: ReadonlyMap<string, Family>): Record<string, number> =>
  Object.fromEntries(
    [...from.values()].flatMap(({ name, samples }) =>
      samples.flatMap(({ labels, value }) =>
        name.startsWith('cache_') && Object.keys(labels).length === 0 ? [[name, value]] : [],
      ),
    ),
  )

const samplesOf = (from: ReadonlyMap<string, Family>, name: string): readonly Sample[] => {
  const family = from.get(name)
  if (!family) throw new Error(`${name} is not there`)
  return family.samples
}

const figureOf = (from: ReadonlyMap<string, Family>, name: string): number | undefined =>
  samplesOf(from, name)[0]?.value

describe('/metrics', () => {
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

  it('is for those with a token, a viewer’s is enough', async () => {
    for (const token of [null, 'wrong', 'a.b.c']) {
      const refused = await scrape(service, { token })
      expect(refused.status).toBe(401)
      expect(refused.headers.get('www-authenticate')).toBe('Bearer')
      expect(await refused.text()).toBe('')
    }
    for (const token of [VIEWER_TOKEN, ADMIN_TOKEN]) {
      const answer = await scrape(service, { token })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
  })

  it.each(['POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('answers no %s', async (method) => {
    const answer = await scrape(service, { method })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('GET')
  })

  it('has the sixteen gauges that dashboards know, and no other of their prefix but the info', async () => {
    const now = await families(service)
    const ours = [...now.values()].filter(({ name }) => name.startsWith('cache_'))
    expect(ours.map(({ name }) => name).sort()).toEqual([...GATEWAY_NAMES, 'cache_scheduler_info'].sort())
    expect(new Set(ours.map(({ type }) => type))).toEqual(new Set(['gauge']))
    expect(Object.keys(gatewayFigures(now)).sort()).toEqual([...GATEWAY_NAMES].sort())
    expect(samplesOf(now, 'cache_scheduler_info')).toEqual([
      { name: 'cache_scheduler_info', labels: { scheduler: 'cache_aware' }, value: 1 },
    ])
  })

  it('shows what the gateways count, however large', async () => {
    await redis.hset('cache_stats:scheduler', {
      total_batches: '8000000000',
      total_candidates: '20000000000',
      last_batch_size: 3,
      last_candidate_count: 2,
      cache_hits: 1,
      cache_misses: 3,
      concurrency_denied: 4,
    })
    await redis.hset('cache_stats:affinity', {
      total_affinities: 99,
      cache_hits: 3,
      cache_misses: 1,
      cache_invalidations: 5,
      provider_switches: 6,
      key_switches: 7,
    })
    expect(gatewayFigures(await families(service))).toEqual({
      cache_scheduler_total_batches: 8_000_000_000,
      cache_scheduler_last_batch_size: 3,
      cache_scheduler_total_candidates: 20_000_000_000,
      cache_scheduler_last_candidate_count: 2,
      cache_scheduler_cache_hits: 1,
      cache_scheduler_cache_misses: 3,
      cache_scheduler_cache_hit_rate: 0.25,
      cache_scheduler_concurrency_denied: 4,
      cache_scheduler_avg_candidates_per_batch: 2.5,
      cache_affinity_total: 506,
      cache_affinity_hits: 3,
      cache_affinity_misses: 1,
      cache_affinity_hit_rate: 0.75,
      cache_affinity_invalidations: 5,
      cache_affinity_provider_switches: 6,
      cache_affinity_key_switches: 7,
    })
  })

  it('shows a hit rate of 0 where there is no data, as dashboards expect', async () => {
    const now = gatewayFigures(await families(service))
    expect(now).toMatchObject({ cache_scheduler_cache_hit_rate: 0, cache_affinity_hit_rate: 0 })
  })

  it('shows no number for a count that no gateway reports', async () => {
    expect(gatewayFigures(await families(service))).toMatchObject({
      cache_scheduler_total_batches: Number.NaN,
      cache_affinity_invalidations: Number.NaN,
    })
  })

  it('counts operations by root field and outcome, never by a name that a client made up', async () => {
    await service.query('query canary_name { canary_alias: viewer { name } }')
    await service.query('query { ...canary_fragment } fragment canary_fragment on Query { viewer { name } }')
    await service.query('{ viewer { name } cacheConfig { cacheTtlSeconds } }')
    await service.query('{ canary_field }')
    await service.query('{ viewer { name } }', {}, { token: null })
    await service.query('{ viewer { ')
    await service.app.yoga.fetch('http://localhost/graphql', { method: 'POST', body: 'canary_body' })
    const response = await scrape(service)
    const text = await response.text()
    expect(text).not.toContain('canary')
    const now = parsePrometheus(text)
    const counted = Object.fromEntries(
      samplesOf(now, 'affinityql_graphql_operations_total').map(({ labels, value }) => [
        `${labels['kind']} ${labels['operation']} ${labels['outcome']}`,
        value,
      ]),
    )
    expect(counted).toEqual({
      'query viewer OK': 2,
      'query several OK': 1,
      'query viewer UNAUTHENTICATED': 1,
      'none none GRAPHQL_VALIDATION_FAILED': 1,
      'none none GRAPHQL_PARSE_FAILED': 1,
      'none none BAD_USER_INPUT': 1,
    })
    const durations = samplesOf(now, 'affinityql_graphql_operation_duration_seconds')
    const viewerCount = durations.find(
      ({ name, labels }) => name.endsWith('_count') && labels['operation'] === 'viewer',
    )
    expect(viewerCount?.value).toBe(3)
  })

  it('counts Redis commands and SQL statements, without keys and parameters', async () => {
    const counts = async () => {
      const now = await families(service)
      const of = (name: string, label: string) =>
        Object.fromEntries(
          samplesOf(now, name).flatMap((sample) =>
            sample.name === `${name}_count` ? [[sample.labels[label], sample.value]] : [],
          ),
        )
      return {
        redis: of('affinityql_redis_command_duration_seconds', 'command'),
        sql: of('affinityql_sql_statement_duration_seconds', 'table'),
      }
    }
    const before = await counts()
    await service.query('{ cacheStats { schedulingMode cacheHits } }')
    await service.query('{ affinities(first: 1) { nodes { provider { name } } } }')
    const after = await counts()
    expect(after.sql['system_configs'] - (before.sql['system_configs'] ?? 0)).toBe(1)
    expect(after.sql['providers'] - (before.sql['providers'] ?? 0)).toBe(1)
    // Two for the query and two for the scrape.
    expect(after.redis['hmget'] - before.redis['hmget']).toBe(4)
  })

  it('shows whether the stores answer, and how many records cannot be read', async () => {
    const now = await families(service)
    expect(figureOf(now, 'affinityql_cache_up')).toBe(1)
    expect(figureOf(now, 'affinityql_database_up')).toBe(1)
    expect(figureOf(now, 'affinityql_broken_records')).toBe(4)
  })

  it('shares one reading of the stores among scrapes that overlap', async () => {
    await redis.config('RESETSTAT')
    const texts = await Promise.all([scrape(service), scrape(service), scrape(service)])
    expect(new Set(await Promise.all(texts.map((response) => response.text()))).size).toBe(1)
    expect(/cmdstat_hmget:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1]).toBe('2')
  })

  it('tells of every metric in docs/metrics.md, with its type and labels, and of no other', async () => {
    const documented = [
      ...readFileSync('docs/metrics.md', 'utf8').matchAll(/^\| `(\w+)` \| (\w+) \|([^|]*)\|/gm),
    ]
    const { registry } = createMetrics({ tables: [] })
    const registered = (await registry.getMetricsAsJSON()).map(({ name, type }) => `${name} ${type}`)
    expect(documented.map(([, name, type]) => `${name} ${type}`).sort()).toEqual(registered.sort())

    const labels = new Map(
      documented.map(([, name, , text = '']) => [
        name,
        [...text.matchAll(/`(\w+)`/g)].map(([, label]) => label),
      ]),
    )
    for (const { name, samples } of (await families(service)).values()) {
      const [sample] = samples
      if (!sample) continue
      const shown = Object.keys(sample.labels).filter((label) => label !== 'le')
      expect(shown.sort(), name).toEqual(labels.get(name)?.sort())
    }
  })

  it('needs no token where METRICS_PUBLIC is true', async () => {
    const open = await startTestApp({ redis: 'empty', env: { METRICS_PUBLIC: 'true' } })
    try {
      expect((await scrape(open, { token: null })).status).toBe(200)
      expect((await open.query('{ viewer { name } }', {}, { token: null })).data).toBeNull()
    } finally {
      await open.close()
    }
  })

  it('shows which gateways answer, by their configured URLs, without the token', async () => {
    const up = await startGateway(json({ affinity_stats: { cache_hits: 9 } }))
    const down = await startGateway(() => {})
    await down.stop()
    const token = 'canary-token-of-the-gateways'
    const other = await startTestApp({
      redis: 'empty',
      env: { GATEWAY_URLS: `${up.url},${down.url}`, GATEWAY_TOKEN: token },
    })
    try {
      await vi.waitFor(async () => {
        const now = await families(other)
        const states = samplesOf(now, 'affinityql_gateway_up')
        expect(Object.fromEntries(states.map(({ labels, value }) => [labels['gateway'], value]))).toEqual({
          [up.url]: 1,
          [down.url]: 0,
        })
        expect(figureOf(now, 'cache_affinity_hits')).toBe(9)
      }, PATIENCE)
      expect(await (await scrape(other)).text()).not.toContain(token)
    } finally {
      await other.close()
    }
  })
})

describe('the gateway beside this service', () => {
  it('is told by its generation, and its nodes by what is known of them, without the token', async () => {
    const rust = await startStandIn({ generation: 'PROCESS_MEMORY', processes: 2 })
    const read = await startStandIn({
      generation: 'PROCESS_MEMORY',
      tokens: [{ token: TOKEN, permissions: ['admin:monitoring:read'] }],
    })
    await rust.gateway.serve({ apiKeyId: 'api-key-1', apiFormat: 'CLAUDE', model: 'm' }, 0)
    const away = 'http://127.0.0.1:1'
    const service = await startTestApp({
      database: 'process-memory',
      redis: 'empty',
      env: { GATEWAY_URLS: [rust.node.url, read.node.url, away].join(), GATEWAY_TOKEN: TOKEN },
    })
    const nodes = async (name: string) =>
      Object.fromEntries(
        samplesOf(await families(service), `affinityql_gateway_node_${name}`).map(({ labels, value }) => [
          labels['node'],
          value,
        ]),
      )
    await expect
      .poll(() => nodes('reachable'), PATIENCE)
      .toEqual({ [rust.node.url]: 1, [read.node.url]: 1, [away]: 0 })
    // What is not known has no line.
    expect(await nodes('can_clear')).toEqual({ [rust.node.url]: 1, [read.node.url]: 0 })
    expect(await nodes('alternates')).toEqual({ [rust.node.url]: 1 })
    const info = samplesOf(await families(service), 'affinityql_gateway_info')
    expect(info).toMatchObject([{ labels: { generation: 'PROCESS_MEMORY' }, value: 1 }])
    expect(await (await scrape(service)).text()).not.toContain(TOKEN)
    await service.close()
  })
})

describe('/metrics while the cache is away', () => {
  it('leaves out what it cannot read, says that the cache is down, and has all again afterwards', async () => {
    const service = await startTestApp()
    try {
      expect(Object.keys(gatewayFigures(await families(service)))).toHaveLength(16)
      await service.redis.kill()
      const down = await families(service)
      expect(gatewayFigures(down)).toEqual({})
      expect(figureOf(down, 'affinityql_cache_up')).toBe(0)
      expect(figureOf(down, 'affinityql_database_up')).toBe(1)
      expect(samplesOf(down, 'cache_scheduler_info')).toHaveLength(1)
      await service.redis.restart()
      await vi.waitFor(async () => {
        const back = await families(service)
        expect(figureOf(back, 'affinityql_cache_up')).toBe(1)
        expect(Object.keys(gatewayFigures(back))).toHaveLength(16)
      }, PATIENCE)
    } finally {
      await service.close()
    }
  })

  it('answers soon where the cache hangs, and counts the commands that failed', async () => {
    const service = await startTestApp({ redis: 'empty' })
    try {
      service.redis.pause()
      const startedAt = performance.now()
      const hung = await families(service)
      expect(performance.now() - startedAt).toBeLessThan(PROMPT_MS)
      expect(gatewayFigures(hung)).toEqual({})
      const failures = samplesOf(hung, 'affinityql_redis_command_failures_total')
      expect(failures.map(({ labels }) => labels['command'])).toContain('hmget')
    } finally {
      service.redis.resume()
      await service.close()
    }
  })
})

describe('the process', () => {
  it('is measured once, however many services it has had', async () => {
    createMetrics({ tables: [] })
    const begun = vi.spyOn(performanceHooks, 'monitorEventLoopDelay')
    onTestFinished(() => begun.mockRestore())
    const another = createMetrics({ tables: [] })
    expect(begun).not.toHaveBeenCalled()
    expect(await another.registry.metrics()).toMatch(/^affinityql_nodejs_eventloop_lag_mean_seconds \S+$/m)
  })
})

describe('what the service counts itself', () => {
  const sources: MetricSources = {
    statistics: async () => combine([]),
    countAffinities: async () => 0,
    health: async () => ({
      status: 'unavailable',
      dependencies: { cache: { state: 'up', latencyMs: 1 }, database: { state: 'down', latencyMs: 1 } },
      brokenRecords: 0,
    }),
    indexSize: () => 12,
    indexDrift: () => 0,
    reconcileBytes: () => 0,
    followUps: () => ({ affinities: 30, clears: 2, dropped: 1 }),
    brokenRecords: () => 3,
    gateways: () => [],
    generation: () => 'PROVIDER_KEYS',
    nodes: () => [],
    saved: async () => undefined,
    lostUsd: async () => undefined,
  }
  const seriesOf = async (metrics: ReturnType<typeof createMetrics>, name: string) =>
    samplesOf(parsePrometheus(await metrics.render(sources)), name).map(({ labels, value }) => ({
      ...labels,
      value,
    }))

  it('tells clears by action and outcome, and how many records really went', async () => {
    const metrics = createMetrics({ tables: [] })
    metrics.clearDone('cache_clear_user', 'done', 5)
    metrics.clearDone('cache_clear_user', 'dry', 1_000)
    metrics.clearDone('cache_clear_user', 'failed', 2)
    metrics.clearDone('cache_clear_all', 'done', 7)
    expect(await seriesOf(metrics, 'affinityql_clears_total')).toEqual([
      { action: 'cache_clear_user', outcome: 'done', value: 1 },
      { action: 'cache_clear_user', outcome: 'dry', value: 1 },
      { action: 'cache_clear_user', outcome: 'failed', value: 1 },
      { action: 'cache_clear_all', outcome: 'done', value: 1 },
    ])
    expect(await seriesOf(metrics, 'affinityql_cleared_records_total')).toEqual([
      { action: 'cache_clear_user', value: 7 },
      { action: 'cache_clear_all', value: 7 },
    ])
  })

  it('tells what the guard deleted again, the index’s size, broken records and a database that is down', async () => {
    const metrics = createMetrics({ tables: [] })
    metrics.guardDeleted(2)
    metrics.guardDeleted(3)
    expect(await seriesOf(metrics, 'affinityql_guard_deletes_total')).toEqual([{ value: 5 }])
    expect(await seriesOf(metrics, 'affinityql_index_records')).toEqual([{ value: 12 }])
    expect(await seriesOf(metrics, 'affinityql_broken_records')).toEqual([{ value: 3 }])
    expect(await seriesOf(metrics, 'affinityql_database_up')).toEqual([{ value: 0 }])
  })

  it('names SQL statements by their first table, and any that is not the gateway’s `other`', async () => {
    const metrics = createMetrics({ tables: ['users', 'audit_logs'] })
    for (const sql of [
      'SELECT "public"."users"."id" FROM "public"."users" WHERE "public"."users"."id" IN ($1,$2)',
      'INSERT INTO "public"."audit_logs" ("id") VALUES ($1)',
      'UPDATE "audit_logs" SET "id" = $1',
      'DELETE FROM users',
      'SELECT * FROM pg_class',
      'BEGIN',
    ]) {
      metrics.sqlStatementDone(sql, 0.01)
    }
    const counted = (await seriesOf(metrics, 'affinityql_sql_statement_duration_seconds')).filter(
      (series) => !('le' in series) && Number.isInteger(series.value),
    )
    expect(counted).toEqual([
      { table: 'users', value: 2 },
      { table: 'audit_logs', value: 2 },
      { table: 'other', value: 2 },
    ])
  })
})

describe('the reading of the Prometheus text format in these tests', () => {
  const GOOD = '# HELP a_total Things.\n# TYPE a_total counter\na_total{x="1"} 2\n'
  it('takes what is right', () => {
    expect(parsePrometheus(GOOD).get('a_total')?.samples).toEqual([
      { name: 'a_total', labels: { x: '1' }, value: 2 },
    ])
  })

  it.each([
    ['a last line that does not end', GOOD.trimEnd()],
    ['a family twice', GOOD + GOOD],
    ['a series twice', `${GOOD}a_total{x="1"} 3\n`],
    ['a sample of another family', `${GOOD}b_total 3\n`],
    ['no HELP', GOOD.split('\n').slice(1).join('\n')],
    ['no TYPE', GOOD.replace(/# TYPE.*\n/, '')],
    ['a quote in a label', `${GOOD}a_total{x="1"2"} 3\n`],
    ['a label name with a dash', `${GOOD}a_total{x-y="1"} 3\n`],
    ['a value that is no number', GOOD.replace(' 2\n', ' undefined\n')],
    ['a counter below 0', GOOD.replace(' 2\n', ' -2\n')],
    [
      'a histogram whose count is another than its last bucket',
      '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 3\n',
    ],
    [
      'a histogram whose buckets shrink',
      '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 3\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 2\n',
    ],
  ])('refuses %s', (_what, text) => {
    expect(() => parsePrometheus(text)).toThrow()
  })
})
