/** What an operation costs follows from what is read for it: the price is within ten times the counted work. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { REQUEST_COST } from '../../src/server/limits/use-rate-limit.js'
import { ROOT_FIELDS } from '../attacks/root-fields.js'
import { type Answer, startTestApp, type TestApp } from '../support/app.js'
import { countWork, totalOf } from '../support/work.js'
import { sql } from './affinity-model.js'
import { untilShown } from './shown.js'

const work = countWork()

const USERS = 100
const AFFINITIES = 400
const NAMES = 300
const OTHER_KEYS = 200
const AUDIT_ROWS = 3_000
const EVENTS = 300

const ENDPOINT = 'endpoint-0'
const id = (kind: string, n: number) => `${kind}-${n}`

const costOf = ({ extensions }: Answer): number =>
  z.object({ cost: z.object({ requested: z.number() }) }).parse(extensions).cost.requested

/** A world whose pages are full: of each kind there are as many as a page shows. */
async function fill({ databaseUrl, redis }: TestApp): Promise<number> {
  await sql(
    databaseUrl,
    `INSERT INTO users (id, username, email, password_hash, role, is_active, is_deleted, created_at, updated_at)
     SELECT 'user-' || n, 'user-' || n, n || '@example.com', '-', 'user', true, false, now(), now()
     FROM generate_series(0, $1::int - 1) n`,
    [USERS],
  )
  await sql(
    databaseUrl,
    `INSERT INTO api_keys (id, user_id, key_hash, name, is_standalone, is_active, auto_delete_on_expiry, created_at, updated_at)
     SELECT 'key-' || n, 'user-' || n % $1::int, n, 'name-' || n, false, n % 10 > 0, false, now(), now()
     FROM generate_series(0, $1::int * 3 - 1) n`,
    [USERS],
  )
  await sql(
    databaseUrl,
    `INSERT INTO global_models (id, name, display_name, default_tiered_pricing, is_active, usage_count, created_at, updated_at)
     SELECT 'model-' || n, 'model-' || n, 'Model ' || n, '{}', true, 0, now(), now() FROM generate_series(0, 9) n`,
  )
  await sql(
    databaseUrl,
    `INSERT INTO audit_logs (id, event_type, description, event_metadata, created_at)
     SELECT 'log-' || n, 'request_success', CASE WHEN n % $2::int = 0 THEN 'login via affinityql' ELSE 'request' END,
       '{"action": "admin_login", "actor": "user-1", "outcome": "done"}', now() - n * interval '1 second'
     FROM generate_series(0, $1::int - 1) n`,
    [AUDIT_ROWS, AUDIT_ROWS / EVENTS],
  )
  await sql(databaseUrl, 'ANALYZE')
  const [pins = {}] = await sql(
    databaseUrl,
    `SELECT e.provider_id, e.id AS endpoint_id, k.id AS key_id
     FROM provider_api_keys k JOIN provider_endpoints e ON e.id = k.endpoint_id LIMIT 1`,
  )
  const client = redis.client()
  const pipeline = client.pipeline()
  const created = Date.now() / 1_000
  for (let n = 0; n < AFFINITIES; n++) {
    const own = n % 20 === 0 ? { ...pins, endpoint_id: ENDPOINT } : pins
    const value = { ...own, created_at: created + n, expire_at: created + 3_600 + n, request_count: n }
    const key = `cache_affinity:${id('key', n % (USERS * 3))}:F${n % 4}:${id('model', n % 10)}`
    pipeline.set(key, JSON.stringify(value), 'EX', 3_600)
  }
  for (let n = 0; n < NAMES; n++) {
    const model = { id: id('model', n % 10), name: id('model', n % 10), display_name: 'Model' }
    pipeline.set(`global_model:resolve:alias-${n}`, JSON.stringify(model), 'EX', 3_600)
    pipeline.set(`global_model:resolve:unknown-${n}`, 'NOT_FOUND', 'EX', 3_600)
  }
  const providers = await sql(databaseUrl, 'SELECT id FROM providers')
  for (const { id: providerId } of providers) {
    for (let n = 0; n < 10; n++) {
      const row = {
        id: `m-${n}`,
        provider_id: providerId,
        global_model_id: id('model', n),
        provider_model_name: `theirs-${n}`,
        provider_model_mappings: null,
        is_active: true,
      }
      pipeline.set(`model:provider_global:${providerId}:${id('model', n)}`, JSON.stringify(row), 'EX', 3_600)
    }
  }
  for (let n = 0; n < OTHER_KEYS; n++) pipeline.set(`other:${n}`, 'x')
  await pipeline.exec()
  return client.dbsize()
}

const JOINS = `id modelName rateMultiplier isStandalone staleReasons apiKey { id name } user { id username }
  provider { id name } endpoint { id } providerKey { id name } model { id }`
const DONE = '{ ... on ClearPayload { clearedCount } ... on Error { code } }'

const GONE_ID = Buffer.from('cache_affinity:nobody:CLAUDE:gone').toString('base64url')

/** Operations by the root field that they ask for. Those that clear come last. */
const OPERATIONS: readonly (readonly [root: string, name: string, document: string])[] = [
  ['Query.affinities', 'ids', `{ affinities(first: 200) { nodes { id } } }`],
  ['Query.affinities', 'every join', `{ affinities(first: 200) { totalCount nodes { ${JOINS} } } }`],
  [
    'Query.affinities',
    'stale',
    `{ affinities(first: 10, filter: { stale: true }) { totalCount nodes { id } } }`,
  ],
  [
    'Query.affinities',
    'for a reason',
    `{ affinities(first: 10, filter: { usability: STALE, staleReasons: [MODEL_NOT_AT_PROVIDER] }) { nodes { id } } }`,
  ],
  ...['USER', 'PROVIDER', 'MODEL'].map(
    (field) =>
      [
        'Query.affinities',
        `ordered by ${field}`,
        `{ affinities(first: 50, orderBy: { field: ${field} }) { totalCount nodes { id } } }`,
      ] as const,
  ),
  ['Query.affinities', 'not stale', `{ affinities(first: 10, filter: { stale: false }) { nodes { id } } }`],
  [
    'Query.affinities',
    'stale, thirty times',
    `{ ${Array.from({ length: 30 }, (_, n) => `a${n}: affinities(first: 1, filter: { stale: true }) { totalCount }`).join(' ')} }`,
  ],
  [
    'Query.affinities',
    'a part of a name',
    `{ affinities(first: 10, search: "name-") { totalCount nodes { id } } }`,
  ],
  [
    'Query.affinities',
    'a username',
    `{ affinities(first: 3, search: "user-7") { totalCount nodes { id } } }`,
  ],
  [
    'Query.affinities',
    'API keys of users',
    `{ affinities(first: 100) { nodes { user { apiKeys { id } } } } }`,
  ],
  ['Query.affinity', 'one that is gone', `{ affinity(id: "${GONE_ID}") { id } }`],
  ...(
    [
      // There is one provider, and one page has room for all users.
      ['PROVIDER', 1],
      ['MODEL', 10],
      ['USER', 100],
      ['API_KEY', 20],
      ['STALE_REASON', 2],
      ['USABILITY', 2],
    ] as const
  ).map(
    ([by, first]) =>
      [
        'Query.affinityCounts',
        `by ${by}`,
        `{ affinityCounts(by: ${by}, first: ${first}) { total others groups { key label count } } }`,
      ] as const,
  ),
  [
    'Query.affinityCounts',
    'of a filter',
    '{ affinityCounts(by: PROVIDER, first: 1, filter: { apiFormat: "F1" }) { total groups { key label count } } }',
  ],
  ['Query.providers', 'a page', '{ providers(first: 1) { nodes { id name affinityCount } } }'],
  ['Query.providers', 'a count', '{ providers(first: 1) { totalCount } }'],
  [
    'Query.providerKeys',
    'of a provider',
    '{ providerKeys(first: 1, providerId: "none") { totalCount nodes { id } } }',
  ],
  ['Query.globalModels', 'a page', '{ globalModels(first: 10) { nodes { name affinityCount } } }'],
  ['Query.users', 'a page', '{ users(first: 100) { nodes { username email } } }'],
  ['Query.users', 'a search', '{ users(first: 3, search: "user-7") { totalCount nodes { username } } }'],
  [
    'Query.userAffinities',
    'a user',
    `{ userAffinities(identifier: "user-7", first: 4) { ... on UserAffinities { affinities { nodes { ${JOINS} } } } } }`,
  ],
  [
    'Query.affinityHistory',
    'an hour',
    `{ affinityHistory(since: "${new Date(Date.now() - 3_600_000).toISOString()}") { buckets { start total created removed } } }`,
  ],
  ['Query.auditEvent', 'one', '{ auditEvent(id: "log-0") { id action metadata actor { id } } }'],
  ['Query.auditEvents', 'a page', '{ auditEvents(first: 200) { nodes { id action metadata } } }'],
  ['Query.auditEvents', 'a count', '{ auditEvents { totalCount } }'],
  [
    'Query.auditEvents',
    'an action that nobody has',
    '{ auditEvents(first: 1, action: "x") { nodes { id } } }',
  ],
  [
    'Query.auditEvents',
    'a page and a count by a filter',
    '{ auditEvents(first: 5, filter: { dryRun: false, targetId: "x" }) { totalCount nodes { id } } }',
  ],
  ['Query.auditEvents', 'a count of an action', '{ auditEvents(action: "admin_login") { totalCount } }'],
  [
    'Query.gateway',
    'what it is',
    '{ gateway { generation clearPath schedulingMode missing { field } nodes { url } } }',
  ],
  ['Query.poolSessions', 'a page', '{ poolSessions(first: 10) { totalCount nodes { sessionDigest } } }'],
  ['Query.cacheConfig', 'all', '{ cacheConfig { cacheTtlSeconds parameters { name value description } } }'],
  [
    'Query.cacheStats',
    'all',
    '{ cacheStats { totalAffinities schedulingMode priorityMode cacheHitRate schedulerMetrics { totalBatches totalCandidates cacheHits } affinityStats { cacheHits } observed { created } } }',
  ],
  ['Query.modelMappingStats', 'a count', '{ modelMappingStats { totalKeys breakdown { modelById } } }'],
  [
    'Query.modelMappings',
    'a page',
    '{ modelMappings(first: 200) { nodes { mappingName globalModel { name } } } }',
  ],
  [
    'Query.providerModelMappings',
    'a page',
    '{ providerModelMappings(first: 20) { nodes { providerName } } }',
  ],
  ['Query.unmappedEntries', 'a page', '{ unmappedEntries(first: 200) { nodes { mappingName } } }'],
  [
    'Query.gateway',
    'all',
    '{ gateway { generation clearPath clearProblem schedulingMode pinsAreHonoured nodes { url } } }',
  ],
  ['Query.poolSessions', 'a page', '{ poolSessions(first: 200) { nodes { id providerId } } }'],
  ['Query.viewer', 'a name', '{ viewer { name role user { id } } }'],
  [
    'Mutation.clearUserCache',
    'a dry run',
    `mutation { clearUserCache(identifier: "user-7", dryRun: true) ${DONE} }`,
  ],
  [
    'Mutation.clearAffinities',
    'stale ones',
    `mutation { clearAffinities(filter: { stale: true, apiFormat: "F1" }) ${DONE} }`,
  ],
  ['Mutation.clearUserCache', 'a user', `mutation { clearUserCache(identifier: "user-8") ${DONE} }`],
  [
    'Query.affinityChanges',
    'a page',
    '{ affinityChanges(first: 3) { totalCount nodes { id affinityKey } } }',
  ],
  ['Mutation.clearProviderCache', 'nothing', `mutation { clearProviderCache(providerId: "none") ${DONE} }`],
  [
    'Mutation.clearSingleAffinity',
    'nothing',
    `mutation { clearSingleAffinity(affinityKey: "a", endpointId: "b", modelId: "c", apiFormat: "d") ${DONE} }`,
  ],
  [
    'Mutation.clearPoolSessions',
    'nothing',
    `mutation { clearPoolSessions(filter: { providerId: "none" }) ${DONE} }`,
  ],
  ['Mutation.clearAllCache', 'all', `mutation { clearAllCache(confirm: true) ${DONE} }`],
  [
    'Mutation.clearModelMappingCacheByName',
    'a name',
    `mutation { clearModelMappingCacheByName(modelName: "alias-1") ${DONE} }`,
  ],
  [
    'Mutation.clearProviderModelMappingCache',
    'nothing',
    `mutation { clearProviderModelMappingCache(providerId: "none", globalModelId: "none") ${DONE} }`,
  ],
  [
    'Mutation.clearAllModelMappingCache',
    'all',
    `mutation { clearAllModelMappingCache(confirm: true) ${DONE} }`,
  ],
]

/**
 * Operations without a price of their own: a sign-in costs its request, and is limited by failures; events are below. Usage is
 * summed in the database: its price is a hundredth of its rows, see tests/usage/reads.test.ts.
 */
const OTHERS = [
  'Query.cacheUsage',
  'Query.switchCosts',
  'Query.ttlAdvice',
  'Query.requestIntervals',
  'Mutation.login',
  'Mutation.logout',
  'Subscription.affinityEvents',
  'Subscription.cacheStats',
  'Subscription.clearFollowUp',
]

/** Operations that read affinities, and so read all of them without an index. */
const OF_AFFINITIES = OPERATIONS.filter(([root]) => /affinit|stats|clear(?!.*Mapping)/i.test(root))

describe.each([
  ['with an index', {}, OPERATIONS],
  ['with AFFINITY_INDEX=off', { AFFINITY_INDEX: 'off' }, OF_AFFINITIES],
])('the price of an operation, %s,', (_, env, operations) => {
  let service: TestApp
  let keys: number
  beforeAll(async () => {
    // The guard against write-backs reads by itself for some seconds after a clear.
    service = await startTestApp({
      redis: 'empty',
      env: { RATE_LIMIT_VIEWER: '1000000000', CLEAR_GUARD_SECONDS: '0', ...env },
    })
    keys = await fill(service)
    await untilShown(service)
    // What the service knows of its stores it knows from earlier reads.
    await service.query('{ affinities { totalCount } modelMappingStats { totalKeys } }')
  })
  afterAll(() => service.close())

  it.each(operations)('is within ten times the work: %s, %s', async (_root, name, document) => {
    const measure = async () => {
      const [answer, done] = await work.of(service.databaseUrl, keys, () => service.query(document))
      expect(answer.errors).toEqual([])
      const requested = costOf(answer)
      const ratio = (requested - REQUEST_COST) / totalOf(done)
      return { ratio, told: `${requested} for ${JSON.stringify(done)}` }
    }
    // What the service does by itself meanwhile is counted, too. An operation that changes nothing is measured again.
    const mayRepeat = document.startsWith('{') || name === 'nothing'
    let measured = await measure()
    for (let more = 2; mayRepeat && more > 0 && measured.ratio <= 1 / 10; more--) measured = await measure()
    expect(measured.ratio, measured.told).toBeGreaterThan(1 / 10)
    expect(measured.ratio, measured.told).toBeLessThan(10)
  })
})

it('is held for each root field', () => {
  const held = new Set([...OPERATIONS.map(([root]) => root), ...OTHERS])
  expect(ROOT_FIELDS.map(({ name }) => name).filter((name) => !held.has(name))).toEqual([])
})
