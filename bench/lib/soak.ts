import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { cacheAffinity } from '../../src/affinities/families/cache-affinity.js'
import { startPostgres } from '../../tests/support/servers/postgres.js'
import { startRedis } from '../../tests/support/servers/redis.js'
import { askQueries, clearNowAndThen, Faults, subscribeAll } from './soak-clients.js'
import { readAll, writeAsGateways } from './soak-gateway.js'
import { type Answer, type Sample, type SoakService, startSoakService } from './soak-service.js'
import type { SoakFigures } from './soak-verdict.js'
import { makeWorld, type World } from './world.js'

export interface SoakLoad {
  readonly seconds: number
  /** Number of affinities at the start. */
  readonly records: number
  readonly writesPerSecond: number
  readonly queriesPerSecond: number
  readonly subscribers: number
}

/** Share of the time before the first sample, in which caches fill and V8 compiles. */
const WARM_UP_SHARE = 0.2
const SAMPLES = 30

/** Runs the built service under this load, and returns the figures. */
export async function soak(load: SoakLoad): Promise<SoakFigures> {
  const [postgres, server] = await Promise.all([startPostgres(), startRedis()])
  const redis = server.client()
  try {
    const databaseUrl = postgres.createDatabase('soak')
    const world = await makeWorld(databaseUrl, redis, load.records)
    const service = await startSoakService(
      { databaseUrl, redisUrl: server.url },
      Math.ceil(load.subscribers / 50),
    )
    try {
      return await run(service, redis, world, load)
    } finally {
      await service.stop()
    }
  } finally {
    await Promise.all([server.stop(), postgres.stop()])
  }
}

async function run(service: SoakService, redis: Redis, world: World, load: SoakLoad): Promise<SoakFigures> {
  const faults = new Faults()
  const userIds = await usersOf(service)
  const subscribers = subscribeAll(service, { count: load.subscribers, userIds }, faults)
  const gateways = await writeAsGateways(redis, load.writesPerSecond)
  const stopping = new AbortController()
  const startedAt = performance.now()
  const clearing = clearNowAndThen(service, world, faults, stopping.signal)
  const asking = askQueries(
    service,
    { userNames: world.userNames, perSecond: load.queriesPerSecond, seconds: load.seconds },
    faults,
  )
  const samples = await takeSamples(service, load.seconds)
  const queries = await asking
  stopping.abort()
  const clears = await clearing
  const seconds = (performance.now() - startedAt) / 1_000
  const done = gateways.written / seconds
  await gateways.stop()
  const { count, dropped, silent, events } = subscribers
  const figures = {
    seconds,
    writesPerSecond: { asked: load.writesPerSecond, done },
    queries,
    clears,
    subscribers: { count, dropped, silent, events },
    samples,
    faults,
    records: await compare(service, redis),
    drift: await service.metric('affinityql_index_drift_records'),
    warnings: service.warnings(),
  }
  subscribers.stop()
  return figures
}

async function takeSamples(service: SoakService, seconds: number): Promise<Sample[]> {
  const warmUp = seconds * WARM_UP_SHARE
  const apart = ((seconds - warmUp) * 1_000) / SAMPLES
  await sleep(warmUp * 1_000)
  // This sample resets the event loop's delays, so that those of the warm-up do not count.
  await service.sample()
  const samples: Sample[] = []
  for (const startedAt = performance.now(); samples.length < SAMPLES; ) {
    await sleep(Math.max(0, startedAt + apart * (samples.length + 1) - performance.now()))
    samples.push(await service.sample())
  }
  return samples
}

async function usersOf(service: SoakService): Promise<string[]> {
  const { data } = await service.ask<{ affinities: { nodes: { user: { id: string } | null }[] } }>(
    '{ affinities(first: 1000) { nodes { user { id } } } }',
  )
  return [...new Set(data.affinities.nodes.flatMap(({ user }) => (user ? [user.id] : [])))]
}

interface Listed {
  readonly affinities: Page
}

interface Page {
  readonly totalCount: number
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string }
  readonly nodes: readonly Readonly<Record<string, unknown>>[]
}

const PAGE = `query ($after: String) { affinities(first: 1000, after: $after, orderBy: { field: CREATED_AT }) { totalCount
  pageInfo { hasNextPage endCursor } nodes { affinityKey apiFormat modelId endpointId requestCount } } }`

/** Compares every record that the service lists with those in Redis. */
async function compare(service: SoakService, redis: Redis): Promise<SoakFigures['records']> {
  const shown = new Set<string>()
  let total = 0
  for (let after: string | null = null, hasNextPage = true; hasNextPage; ) {
    const answer: Answer<Listed> = await service.ask<Listed>(PAGE, { after })
    if (answer.errors) throw new Error(JSON.stringify(answer.errors))
    const { nodes, pageInfo, totalCount } = answer.data.affinities
    for (const node of nodes) shown.add(Object.values(node).join(':'))
    total = totalCount
    after = pageInfo.endCursor
    hasNextPage = pageInfo.hasNextPage
  }
  const stored = new Set(
    (await readAll(redis)).map(({ key, value }) =>
      [key.slice(cacheAffinity.prefix.length), value['endpoint_id'], value['request_count']].join(':'),
    ),
  )
  const missing = [...stored].filter((record) => !shown.has(record)).length
  const extra = [...shown].filter((record) => !stored.has(record)).length
  return { redis: stored.size, index: total, different: missing + extra }
}
