import { type Config, loadConfig } from '../../config/load-config.js'
import type { ModeConfig } from '../../config/mode.js'
import { nearMisses } from '../../config/near-miss.js'
import type { Environment } from '../../config/reader.js'
import { ConfigurationError } from '../../errors.js'
import { createAetherGateway } from '../../gateway/aether/aether-gateway.js'
import { createPgDatabase, type Database } from '../../postgres/database.js'
import { addressOfRedis, connectRedis, createRedis, type RedisClient } from '../../redis/client.js'
import { reasonOf } from '../../util/reachability.js'
import { changesAreTold } from './changes.js'
import { databaseClock, redisClock } from './clocks.js'
import { hasIndexes, keysDecrypt, mayReadAndAudit, tablesFit } from './database.js'
import type { Finding } from './finding.js'

type GatewayMode = Extract<ModeConfig, { kind: 'gateway' }>

const CONNECT_TIMEOUT_MS = 5_000

/** Looks at all that `serve` needs, in the order in which it would need it. It writes nothing. */
export async function* findings(env: Environment): AsyncGenerator<Finding, void, undefined> {
  for (const { name, meant } of nearMisses(env)) {
    yield { check: 'configuration', state: 'warning', message: `${name} is not read: is ${meant} meant?` }
  }
  const config = readConfiguration(env)
  if (!('mode' in config)) {
    for (const message of config.problems) yield { check: 'configuration', state: 'failed', message }
    return
  }
  if (config.mode.kind === 'embedded') {
    const message = 'the embedded demo: nothing else is needed'
    yield { check: 'configuration', state: 'ok', message }
    return
  }
  yield { check: 'configuration', state: 'ok', message: `beside a gateway, Redis ${config.mode.redis.kind}` }
  if (config.staticTokens.length === 0 && config.production) {
    yield {
      check: 'configuration',
      state: 'warning',
      message: 'ADMIN_TOKENS is not set: scripts have no token',
    }
  }
  yield* gatewayFindings(config.mode, config.affinityIndex)
}

function readConfiguration(env: Environment): Config | { readonly problems: readonly string[] } {
  try {
    return loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigurationError) return { problems: error.problems }
    throw error
  }
}

async function* gatewayFindings(
  mode: GatewayMode,
  followsChanges: boolean,
): AsyncGenerator<Finding, void, undefined> {
  const database = createPgDatabase({ url: mode.databaseUrl, onError: () => {} })
  const redis = createRedis(mode.redis, { onError: () => {}, connectionName: 'affinityql-doctor' })
  try {
    const hasDatabase = yield* reach('database', database.address, () => database.ping())
    if (hasDatabase) {
      const gateway = createAetherGateway(database, mode)
      const tables = await tablesFit(gateway)
      yield tables
      if (tables.state === 'ok') yield await mayReadAndAudit(database, gateway)
      yield await keysDecrypt(gateway)
      if (tables.state === 'ok') yield await hasIndexes(gateway)
    }
    const hasRedis = yield* reach('cache', addressOfRedis(mode.redis), async () => {
      await connectRedis(redis, CONNECT_TIMEOUT_MS)
      await redis.ping()
    })
    if (hasRedis && followsChanges) yield await changesAreTold(redis)
    yield* clocks(hasDatabase ? database : undefined, hasRedis ? redis : undefined)
  } finally {
    redis.disconnect()
    await database.close()
  }
}

async function* reach(
  check: 'database' | 'cache',
  address: string,
  ping: () => Promise<void>,
): AsyncGenerator<Finding, boolean, undefined> {
  const startedAt = performance.now()
  try {
    await ping()
    const ms = Math.round(performance.now() - startedAt)
    yield { check, state: 'ok', message: `${address} answers in ${ms} ms` }
    return true
  } catch (error) {
    const reason = reasonOf(error) ?? 'check its address, its password and the network'
    yield { check, state: 'failed', message: `${address} does not answer: ${reason}`, isOutage: true }
    return false
  }
}

/** More than this and TTLs that people see are visibly wrong, in milliseconds. */
const CLOCK_WARNING_MS = 1_000
/** More than this and tokens and pins live in another time. */
const CLOCK_FAILURE_MS = 30_000

async function* clocks(database: Database | undefined, redis: RedisClient | undefined) {
  const others = [
    ...(database ? [['PostgreSQL', () => databaseClock(database)] as const] : []),
    ...(redis ? [['Redis', () => redisClock(redis)] as const] : []),
  ]
  for (const [name, clock] of others) {
    try {
      const aheadMs = await clock()
      const distance = Math.abs(aheadMs)
      const state = distance > CLOCK_FAILURE_MS ? 'failed' : distance > CLOCK_WARNING_MS ? 'warning' : 'ok'
      const seconds = (distance / 1_000).toFixed(1)
      const message =
        state === 'ok'
          ? `${name} and this machine agree`
          : `${name} is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine: set both by NTP`
      yield { check: 'clocks', state, message } satisfies Finding
    } catch {
      yield { check: 'clocks', state: 'warning', message: `${name} does not tell its time` } satisfies Finding
    }
  }
}
