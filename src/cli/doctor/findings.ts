import type { AffinityStore } from '../../affinities/affinity-store.js'
import { writtenSince } from '../../affinities/clear/written-since.js'
import { createFamilies } from '../../affinities/families/index.js'
import { createBrokenRecords } from '../../affinities/feed/broken-records.js'
import { createScanSource } from '../../affinities/feed/scan-source.js'
import { createRedisAffinityStore } from '../../affinities/redis-affinity-store.js'
import { type Config, loadConfig } from '../../config/load-config.js'
import type { ModeConfig } from '../../config/mode.js'
import type { Environment } from '../../config/reader.js'
import { nearMisses } from '../../config/reader.js'
import { ConfigurationError } from '../../errors.js'
import { AETHER_FIGURES, createAetherGateway } from '../../gateway/aether/aether-gateway.js'
import { createAetherNodes } from '../../gateway/aether/nodes/aether-nodes.js'
import type { Gateway, Generation } from '../../gateway/gateway.js'
import { createNodeToken } from '../../gateway/nodes/node-token.js'
import { createPgDatabase, type Database } from '../../postgres/database.js'
import { addressOfRedis, connectRedis, createRedis } from '../../redis/client.js'
import { reasonOf } from '../../util/reachability.js'
import {
  checkClientTracking,
  checkIndexes,
  checkKeyFamilies,
  checkRights,
  checkScheduling,
  checkSession,
  checkSignIn,
  checkStoredKeys,
  checkTables,
  checkUsageRights,
} from './checks.js'
import { checkClocks } from './clocks.js'
import type { Finding } from './finding.js'
import { checkNodes, checkUnlisted, noNodes } from './node-checks.js'

type GatewayMode = Extract<ModeConfig, { kind: 'gateway' }>

const CONNECT_TIMEOUT_MS = 5_000

/** Checks everything that `serve` needs, in the order in which it would need it. It writes nothing. */
export async function* findings(env: Environment): AsyncGenerator<Finding, void, undefined> {
  for (const { name, meant } of nearMisses(env)) {
    yield {
      check: 'configuration',
      state: 'warning',
      message: `The variable ${name} is not read. Its name is close to ${meant}, which is not set.`,
    }
  }
  const config = readConfiguration(env)
  if (!('mode' in config)) {
    for (const message of config.problems) yield { check: 'configuration', state: 'failed', message }
    return
  }
  if (config.mode.kind === 'embedded') {
    const message = 'The server will run the embedded demo, which needs nothing else.'
    yield { check: 'configuration', state: 'ok', message }
    return
  }
  yield {
    check: 'configuration',
    state: 'ok',
    message: `The server will run beside a gateway with Redis (${config.mode.redis.kind}).`,
  }
  if (config.staticTokens.length === 0 && config.production) {
    yield {
      check: 'configuration',
      state: 'warning',
      message: 'ADMIN_TOKENS is not set, so scripts have no static token.',
    }
  }
  yield* gatewayFindings(config, config.mode)
}

function readConfiguration(env: Environment): Config | { readonly problems: readonly string[] } {
  try {
    return loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigurationError) return { problems: error.problems }
    throw error
  }
}

async function* gatewayFindings(config: Config, mode: GatewayMode): AsyncGenerator<Finding, void, undefined> {
  // Without its tables, a gateway is asked as the oldest one, which needs the fewest rights.
  let generation: Generation = 'ENDPOINT_KEYS'
  const database = createPgDatabase({ url: mode.databaseUrl, onError: () => {} })
  const redis = createRedis(mode.redis, { onError: () => {}, connectionName: 'affinityql-doctor' })
  try {
    const hasDatabase = yield* checkConnection('database', database.address, () => database.ping())
    if (hasDatabase) {
      yield await checkSession(database)
      const gateway = createAetherGateway(database, mode)
      let areUsable = false
      for await (const finding of checkTables(gateway)) {
        yield finding
        areUsable ||= finding.state === 'ok'
      }
      if (areUsable) {
        generation = gateway.traits().generation
        yield await checkRights(database, gateway)
        yield* usageFindings(mode, gateway, database)
        yield await checkSignIn(gateway)
      }
      yield await checkStoredKeys(gateway)
      if (areUsable) {
        yield await checkScheduling(gateway)
        yield await checkIndexes(gateway)
      }
    }
    const hasRedis = yield* checkConnection('cache', addressOfRedis(mode.redis), async () => {
      await connectRedis(redis, CONNECT_TIMEOUT_MS)
      await redis.ping()
    })
    const families = createFamilies(mode.keyPrefix)
    if (hasRedis && config.affinityIndex) yield await checkClientTracking(redis, families)
    if (hasRedis) yield await checkKeyFamilies(redis, families)
    yield* checkClocks(hasDatabase ? database : undefined, hasRedis ? redis : undefined, families)
    yield* nodeFindings(config, generation, hasRedis ? createRedisAffinityStore(redis, families) : undefined)
  } finally {
    redis.disconnect()
    await database.close()
  }
}

async function* usageFindings(
  { usageDatabaseUrl }: GatewayMode,
  gateway: Gateway,
  database: Database,
): AsyncGenerator<Finding, void, undefined> {
  if (usageDatabaseUrl === undefined) {
    yield* checkUsageRights(database, gateway, 'DATABASE_URL')
    return
  }
  const replica = createPgDatabase({ url: usageDatabaseUrl, onError: () => {} })
  try {
    yield* checkUsageRights(replica, gateway, 'USAGE_DATABASE_URL')
  } catch (error) {
    const reason = reasonOf(error) ?? 'check USAGE_DATABASE_URL, its password and the network'
    const message = `The database of usage rows at ${replica.address} does not answer: ${reason}. Nothing else needs it.`
    yield { check: 'usage', state: 'warning', message }
  } finally {
    await replica.close()
  }
}

async function* nodeFindings(
  { gateways, clearAtOnce }: Config,
  generation: Generation,
  store: AffinityStore | undefined,
): AsyncGenerator<Finding, void, undefined> {
  if (!gateways) {
    yield noNodes(generation)
    return
  }
  let wasWritten = false
  const written = async (since: number) => {
    if (!store) return []
    const reader = createScanSource(
      store,
      createBrokenRecords(() => {}),
    ).reader()
    const records = await writtenSince(reader, since, AETHER_FIGURES.affinityTtlSeconds)
    wasWritten ||= records.length > 0
    return records
  }
  const nodes = createAetherNodes({
    urls: gateways.urls,
    token: createNodeToken({ token: gateways.token, file: gateways.tokenFile }),
    generation: () => generation,
    signFor: () => Promise.reject(new Error('The doctor acts for no administrator.')),
    clearsAtOnce: clearAtOnce,
    written,
  })
  for (const finding of await checkNodes(nodes, generation)) yield finding
  yield* checkUnlisted(nodes, generation, () => wasWritten)
}

const STORES = { database: 'PostgreSQL', cache: 'Redis' } as const

async function* checkConnection(
  check: 'database' | 'cache',
  address: string,
  ping: () => Promise<void>,
): AsyncGenerator<Finding, boolean, undefined> {
  const startedAt = performance.now()
  try {
    await ping()
    const ms = Math.round(performance.now() - startedAt)
    yield { check, state: 'ok', message: `${STORES[check]} at ${address} answers in ${ms} ms.` }
    return true
  } catch (error) {
    if (error instanceof ConfigurationError) {
      yield { check, state: 'failed', message: error.problems.join(' ') }
      return false
    }
    const reason = reasonOf(error) ?? 'check its address, its password and the network'
    const message = `${STORES[check]} at ${address} does not answer: ${reason}.`
    yield { check, state: 'failed', message, isOutage: true }
    return false
  }
}
