/**
 * Set and single agree: over random worlds, each made by mutations of several kinds at once, a filter selects exactly the
 * records whose own answer passes it.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAetherGateway } from '../../src/gateway/aether/aether-gateway.js'
import type { OpenGateway } from '../../src/gateway/gateway.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { loadGeneration } from '../support/generations.js'
import { sql } from './affinity-model.js'

const JSON_LIST = (column: string, of: string) => `${column} = (CASE WHEN $2::float8 < 0.4 THEN NULL
  WHEN $2::float8 < 0.5 THEN '[]' ELSE (SELECT json_agg(value ORDER BY random()) FROM (${of}) AS chosen) END)::json`
const NAMES = 'SELECT name AS value FROM global_models WHERE random() < 0.6'
const PROVIDERS = `SELECT CASE WHEN random() < 0.5 THEN id ELSE name END AS value FROM providers WHERE random() < 0.6`
const FORMATS = `SELECT unnest(ARRAY['CLAUDE', 'OPENAI', 'GEMINI_CLI', 'openai:chat', 'claude:cli']) AS value`

/** Mutations of a share of a table's rows: `$1` is the share, `$2` a random number of 0 to 1. */
const MUTATIONS = {
  any: [
    // As if they had been deleted.
    ['api_keys', 'id = md5(id)'],
    ['provider_api_keys', 'id = md5(id)'],
    ['api_keys', 'is_active = NOT is_active'],
    ['api_keys', `expires_at = now() + ($2::float8 - 0.5) * interval '1 day'`],
    ['api_keys', JSON_LIST('allowed_providers', PROVIDERS)],
    ['api_keys', JSON_LIST('allowed_models', NAMES)],
    ['api_keys', JSON_LIST('allowed_api_formats', FORMATS)],
    ['api_keys', 'is_standalone = NOT is_standalone'],
    ['users', 'is_active = NOT is_active'],
    ['users', 'is_deleted = NOT is_deleted'],
    ['users', JSON_LIST('allowed_providers', PROVIDERS)],
    ['users', JSON_LIST('allowed_models', NAMES)],
    ['providers', 'is_active = NOT is_active'],
    ['provider_endpoints', 'is_active = NOT is_active'],
    ['provider_endpoints', 'provider_id = (SELECT id FROM providers ORDER BY random() LIMIT 1)'],
    ['provider_api_keys', 'is_active = NOT is_active'],
    ['provider_api_keys', JSON_LIST('allowed_models', NAMES)],
    ['global_models', 'is_active = NOT is_active'],
    ['models', 'is_active = NOT is_active'],
    ['models', 'supports_streaming = NOT coalesce(supports_streaming, true)'],
    ['models', 'provider_id = (SELECT id FROM providers ORDER BY random() LIMIT 1)'],
  ],
  'endpoint-keys': [
    ['api_keys', 'current_balance_usd = 5, balance_used_usd = 10 * $2::float8'],
    [
      'api_keys',
      `force_capabilities = CASE WHEN $2::float8 < 0.5 THEN NULL ELSE '{"cache_1h": true}' END::json`,
    ],
    ['users', 'quota_usd = 5, used_usd = 10 * $2::float8'],
    ['provider_api_keys', 'circuit_breaker_open = NOT circuit_breaker_open'],
    ['provider_api_keys', `next_probe_at = now() + ($2::float8 - 0.5) * interval '1 day'`],
    [
      'provider_api_keys',
      `capabilities = CASE WHEN $2::float8 < 0.5 THEN NULL ELSE '{"cache_1h": true}' END::json`,
    ],
    ['provider_api_keys', 'endpoint_id = (SELECT id FROM provider_endpoints ORDER BY random() LIMIT 1)'],
    ['global_models', `name = 'taken ' || id`],
    ['models', `provider_model_name = (SELECT name FROM global_models ORDER BY random() LIMIT 1)`],
  ],
  later: [
    ['api_keys', 'is_locked = NOT is_locked AND NOT is_standalone'],
    ['users', JSON_LIST('allowed_api_formats', FORMATS)],
    ['providers', 'enable_format_conversion = NOT enable_format_conversion'],
    ['provider_endpoints', `api_format = 'openai:cli', api_family = 'openai', endpoint_kind = 'cli'`],
    ['provider_api_keys', 'provider_id = (SELECT id FROM providers ORDER BY random() LIMIT 1)'],
    ['provider_api_keys', JSON_LIST('api_formats', FORMATS).replace('NULL', `'null'`)],
    [
      'provider_api_keys',
      `circuit_breaker_by_format = jsonb_build_object('openai:chat', jsonb_build_object('open', true, 'next_probe_at',
        CASE WHEN $2::float8 < 0.5 THEN to_jsonb(now() + ($2::float8 - 0.3) * interval '1 day') END))`,
    ],
    ['global_models', `config = '{"model_mappings": [".*-4.*"], "streaming": false}'`],
  ],
} as const

const GATEWAYS = ['endpoint-keys', 'provider-keys', 'process-memory'] as const
const SEED = 16
const WORLDS = 12
const CLEARS = 8

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

const USABILITIES = ['USABLE', 'CONDITIONAL', 'STALE']
interface Node {
  readonly id: string
  readonly usability: string
  readonly providerKeyId: string
  readonly staleReasons: readonly string[]
  readonly conditions: readonly string[]
}

describe.each(GATEWAYS)('beside a gateway of %s', (gateway) => {
  let service: TestApp
  /** What happens before each of the next times that pins are judged. */
  const acts: (() => Promise<unknown>)[] = []
  const openGateway: OpenGateway = (...given) => {
    const opened = createAetherGateway(...given)
    const judge: typeof opened.store.judge = async (ids) => {
      await acts.shift()?.()
      return opened.store.judge(ids)
    }
    return { ...opened, store: { ...opened.store, judge } }
  }
  beforeAll(async () => {
    service = await startTestApp({
      openGateway,
      env: { CLEAR_GUARD_SECONDS: '0' },
      ...(gateway !== 'endpoint-keys' && { database: gateway, redis: 'empty' }),
    })
    if (gateway !== 'endpoint-keys') await loadGeneration(service.redis.client(), gateway)
    // No record may expire between two questions.
    const client = service.redis.client()
    await Promise.all((await client.keys('*affinity:*')).map((key) => client.expire(key, 3_600)))
  })
  afterAll(() => service.close())

  const read = async (filter: object): Promise<readonly Node[]> => {
    const { data, errors } = await service.query(
      `query ($filter: AffinityFilter) { affinities(first: 1000, filter: $filter) { totalCount
        nodes { id usability staleReasons conditions providerKeyId } } }`,
      { filter },
    )
    expect(errors).toEqual([])
    expect(data.affinities.totalCount).toBe(data.affinities.nodes.length)
    return data.affinities.nodes
  }
  const ids = (nodes: readonly Node[]) => nodes.map(({ id }) => id).sort()

  const mutations = [...MUTATIONS.any, ...MUTATIONS[gateway === 'endpoint-keys' ? 'endpoint-keys' : 'later']]
  const mutation = fc.record({
    statement: fc.constantFrom(...mutations),
    share: fc.double({ min: 0.05, max: 0.5, noNaN: true }),
    number: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  const world = fc.array(mutation, { minLength: 1, maxLength: 6 })
  type World = typeof world extends fc.Arbitrary<infer Changes> ? Changes : never
  async function change(changes: World): Promise<void> {
    for (const { statement, share, number } of changes) {
      const [table, set] = statement
      // One that breaks a unique name is no world.
      await sql(
        service.databaseUrl,
        `UPDATE ${table} SET ${set} WHERE random() < $1::float8 AND $2::float8 IS NOT NULL`,
        [share, number],
      ).catch(() => [])
    }
  }

  it('a filter selects the records whose own answer passes it, over random worlds', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(world, async (changes) => {
        await change(changes)
        const single = await read({})
        for (const { usability, staleReasons, conditions } of single) {
          for (const reason of staleReasons) seen.add(reason)
          expect(usability).toBe(
            staleReasons.length > 0 ? 'STALE' : conditions.length > 0 ? 'CONDITIONAL' : 'USABLE',
          )
        }
        for (const stale of [true, false]) {
          expect(ids(await read({ stale }))).toEqual(
            ids(single.filter(({ usability }) => (usability === 'STALE') === stale)),
          )
        }
        for (const usability of USABILITIES) {
          const nodes = await read({ usability })
          expect(ids(nodes)).toEqual(ids(single.filter((node) => node.usability === usability)))
          // What a filtered page says of its records is what they are selected by.
          for (const node of nodes) expect(node.usability).toBe(usability)
        }
        const some = [...seen].filter((_, index) => index % 3 === changes.length % 3)
        if (some.length > 0) {
          expect(ids(await read({ staleReasons: some }))).toEqual(
            ids(single.filter(({ staleReasons }) => staleReasons.some((reason) => some.includes(reason)))),
          )
        }
      }),
      { numRuns: WORLDS, seed: SEED },
    )
    expect(seen.size).toBeGreaterThan(6)
  })

  // Routing by the memory of processes has clears of its own, which a stand-in of a node tests.
  if (gateway === 'process-memory') return
  it('a clear removes what was stale when it was chosen and when it was removed, with one value, and counts the rest', async () => {
    const client = service.redis.client()
    const keys = await client.keys('*affinity:*')
    const values = await client.mget(keys)
    const restore = async () => {
      const pipeline = client.pipeline()
      keys.forEach((key, n) => {
        pipeline.set(key, values[n] ?? '', 'EX', 3_600)
      })
      await pipeline.exec()
    }
    const move = async (share: number) => {
      for (const [n, key] of keys.entries()) {
        const value = parsed(values[n] ?? '')
        if (value && (n * 7) % 10 < share * 10)
          await client.set(key, JSON.stringify({ ...value, key_id: 'elsewhere' }), 'KEEPTTL')
      }
    }
    const spared = { total: 0, cleared: 0 }
    await fc.assert(
      fc.asyncProperty(world, world, fc.constantFrom(0, 0.2, 0.5), async (changes, meanwhile, share) => {
        await restore()
        await change(changes)
        const before = await read({})
        const chosen = new Set(before.filter(({ usability }) => usability === 'STALE').map(({ id }) => id))
        acts.push(
          async () => {},
          async () => {
            await change(meanwhile)
            await move(share)
          },
        )
        const { data } = await service.query(
          `mutation { clearAffinities(filter: { stale: true }) { ... on ClearAffinitiesPayload { clearedCount sparedCount } ... on Error { message } } }`,
        )
        acts.length = 0
        const after = await read({})
        const left = new Set(after.map(({ id }) => id))
        const stayed = after.filter(({ id }) => chosen.has(id))
        expect(data.clearAffinities).toEqual({
          clearedCount: chosen.size - stayed.length,
          sparedCount: stayed.length,
        })
        // Nothing that was usable went, and what stayed is usable or pinned elsewhere by now.
        expect(before.filter(({ id }) => !chosen.has(id) && !left.has(id))).toEqual([])
        for (const { usability, providerKeyId } of stayed)
          expect(usability !== 'STALE' || providerKeyId === 'elsewhere').toBe(true)
        spared.total += stayed.length
        spared.cleared += chosen.size - stayed.length
      }),
      { numRuns: CLEARS, seed: SEED },
    )
    expect(spared.total).toBeGreaterThan(0)
    expect(spared.cleared).toBeGreaterThan(0)
  })
})
