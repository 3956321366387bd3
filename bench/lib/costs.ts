import type { Redis } from 'ioredis'
import pino from 'pino'
import { createApp } from '../../src/app.js'
import {
  globalModelResolveKey,
  modelByProviderGlobalKey,
  providerGlobalHitsKey,
} from '../../src/model-mappings/model-cache-key.js'
import { ADMIN_TOKEN, testConfig } from '../../tests/support/app.js'
import { startPostgres } from '../../tests/support/servers/postgres.js'
import { startRedis } from '../../tests/support/servers/redis.js'
import { makeWorld } from './world.js'

/** Commands that are sent in the same pipeline as an MGET or a SCAN, and so need no round trip of their own. */
const PIPELINED = /^cmdstat_(ttl|pttl|type|time)$/
/** Commands that no query sends: those of the counting itself and of connecting. */
const IGNORED = /^cmdstat_(info|config|client|hello|select|auth|command)/

const AFFINITY = `id modelName rateMultiplier isStandalone staleReasons apiKey { name maskedKey } user { username apiKeys { name } }
  provider { name } endpoint { baseUrl provider { name } } providerKey { name maskedKey endpoint { apiFormat } } model { name }`

const QUERIES: Readonly<Record<string, (size: number, name: string) => string>> = {
  '`affinities`, every join': (size) => `{ affinities(first: ${size}) { totalCount nodes { ${AFFINITY} } } }`,
  '`affinities(filter: { stale: true })`': (size) =>
    `{ affinities(first: ${size}, filter: { stale: true }) { totalCount nodes { id staleReasons } } }`,
  '`affinities(search:)`, a username': (size, name) =>
    `{ affinities(first: ${size}, search: "${name}") { totalCount nodes { id modelName } } }`,
  '`affinities(search:)`, a part of one': (size) =>
    `{ affinities(first: ${size}, search: "bench-user") { totalCount nodes { id modelName } } }`,
  '`userAffinities`': (size, name) =>
    `{ userAffinities(identifier: "${name}", first: ${size}) { ... on UserAffinities { affinities { nodes { id } } } } }`,
  '`cacheStats`': () =>
    '{ cacheStats { totalAffinities schedulingMode priorityMode cacheHitRate schedulerMetrics { totalBatches } observed { created } } }',
  '`cacheConfig`': () => '{ cacheConfig { cacheTtlSeconds } }',
  '`modelMappingStats`': () => '{ modelMappingStats { totalKeys } }',
  '`modelMappings`': (size) =>
    `{ modelMappings(first: ${size}) { totalCount nodes { mappingName ttlSeconds providers { name } globalModel { name } } } }`,
  '`providerModelMappings`': (size) =>
    `{ providerModelMappings(first: ${size}) { totalCount nodes { providerName globalModelName hitCount ttlSeconds } } }`,
  '`unmappedEntries`': (size) => `{ unmappedEntries(first: ${size}) { totalCount nodes { mappingName } } }`,
  '`providers`, with counts and display names': (size) =>
    `{ providers(first: ${size}) { totalCount nodes { name displayName affinityCount } } }`,
  '`users`': (size) => `{ users(first: ${size}) { totalCount nodes { username email role } } }`,
  '`auditEvents`': (size) =>
    `{ auditEvents(first: ${size}) { totalCount nodes { action actor { username } } } }`,
}

async function writeMappings(redis: Redis, count: number): Promise<void> {
  const pipeline = redis.pipeline()
  for (let index = 0; index < count; index++) {
    const model = { id: `model-${index}`, name: `model-${index}`, display_name: `Model ${index}` }
    const providerModel = {
      id: `m-${index}`,
      provider_id: `p-${index}`,
      global_model_id: `g-${index}`,
      provider_model_name: 'x',
      provider_model_mappings: null,
      is_active: true,
    }
    pipeline.set(globalModelResolveKey(`alias-${index}`), JSON.stringify(model), 'EX', 300)
    pipeline.set(
      modelByProviderGlobalKey(`p-${index}`, `g-${index}`),
      JSON.stringify(providerModel),
      'EX',
      300,
    )
    pipeline.set(providerGlobalHitsKey(`p-${index}`, `g-${index}`), '1', 'EX', 300)
  }
  await pipeline.exec()
}

async function roundTrips(redis: Redis): Promise<Map<string, number>> {
  const lines = (await redis.info('commandstats')).matchAll(/^(cmdstat_[^:]+):calls=(\d+)/gm)
  return new Map(
    [...lines]
      .map(([, name = '', calls]) => [name, Number(calls)] as const)
      .filter(([name]) => !PIPELINED.test(name) && !IGNORED.test(name)),
  )
}

const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0)

/** Counts `SQL statements / Redis round trips` of each query, with a static token and `size` records on a single Redis. */
export async function costsAt(size: number): Promise<Map<string, string>> {
  const [postgres, server] = await Promise.all([startPostgres(), startRedis()])
  const redis = server.client()
  try {
    const databaseUrl = postgres.createDatabase('costs')
    const world = await makeWorld(databaseUrl, redis, size)
    await writeMappings(redis, size)
    const env = { DATABASE_URL: databaseUrl, REDIS_URL: server.url }
    const app = await createApp(testConfig(env), { logger: pino({ level: 'silent' }) })
    let statements = 0
    app.database.onQuery(() => statements++)
    const ask = async (query: string) => {
      const response = await app.yoga.fetch('http://localhost/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
        body: JSON.stringify({ query }),
      })
      const { errors } = (await response.json()) as { errors?: readonly { message: string }[] }
      if (errors) throw new Error(errors[0]?.message)
    }
    await ask('{ affinities { totalCount } }')
    const costs = new Map<string, string>()
    for (const [name, query] of Object.entries(QUERIES)) {
      // The feed's heartbeat sends a PING each second, so that the smallest of three counts is the query's own.
      const tries: { sql: number; redis: number }[] = []
      for (let attempt = 0; attempt < 3; attempt++) {
        const before = { statements, trips: sum(await roundTrips(redis)) }
        await ask(query(size, world.userNames[0] ?? ''))
        tries.push({
          sql: statements - before.statements,
          redis: sum(await roundTrips(redis)) - before.trips,
        })
      }
      const least = (field: 'sql' | 'redis') => Math.min(...tries.map((one) => one[field]))
      costs.set(name, `${least('sql')} / ${least('redis')}`)
    }
    await app.close()
    return costs
  } finally {
    await Promise.all([postgres.stop(), server.stop()])
  }
}
