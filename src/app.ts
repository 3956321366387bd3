import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { createPgDatabase, createPgliteDatabase, type Database } from './clients/database.js'
import { connectRedis, createRedis } from './clients/redis.js'
import type { Config, ModeConfig } from './config.js'
import { DEMO_ENCRYPTION_KEY } from './demo/index.js'
import { ConfigurationError } from './errors.js'
import { createBrokenRecords } from './live/broken-records.js'
import { createScanSource } from './live/scan-source.js'
import { createAuthenticator, type TokenBlacklist } from './security/authenticator.js'
import { createDecrypter } from './security/fernet.js'
import { createAccessTokens } from './security/jwt.js'
import { createLoginLimiter } from './security/login-limiter.js'
import { createKeyMasker } from './security/masking.js'
import { createPasswordVerifier } from './security/passwords.js'
import { createGraphqlServer, type Yoga } from './server/create-yoga.js'
import { type Dependency, readHealth } from './server/health.js'
import { createOutageLog } from './server/outage-log.js'
import { createAdminDirectory } from './stores/admin-directory.js'
import type { AffinityStore } from './stores/affinity-store.js'
import { prepareDatabase } from './stores/gateway-schema.js'
import { createGatewayStore } from './stores/gateway-store.js'
import { createMemoryAffinityStore } from './stores/memory-affinity-store.js'
import { MemoryKeyspace } from './stores/memory-keyspace.js'
import { createRedisAffinityStore } from './stores/redis-affinity-store.js'
import { createMemoryTokenBlacklist, createRedisTokenBlacklist } from './stores/token-blacklist.js'

/** How long an administrator stays signed in, in seconds. */
const SESSION_TTL_SECONDS = 12 * 60 * 60
/** Masked keys remembered, so that a page does not decrypt what the page before did. */
const MASKED_KEYS = 50_000
/** How long start-up waits for the cache, in milliseconds. */
const CACHE_CONNECT_TIMEOUT_MS = 5_000

export interface App {
  readonly yoga: Yoga
  readonly database: Database
  /** The embedded mode's cache; undefined beside a gateway. */
  readonly keyspace: MemoryKeyspace | undefined
  /** From now on `/health/ready` says that no new request should come. */
  startDraining(): void
  close(): Promise<void>
}

export interface AppOptions {
  readonly logger: Logger
  /** Unix milliseconds. */
  readonly now?: () => number
}

/**
 * Puts the parts together: config → clients → stores → server. Nothing listens yet.
 * @throws ConfigurationError where a store cannot be reached or the database is not the gateway's
 */
export async function createApp(config: Config, { logger, now = Date.now }: AppOptions): Promise<App> {
  const secrets = secretsOf(config.mode)
  const database = openDatabase(config.mode, logger)
  const cache = await openCache(config.mode, logger, now).catch(closing(database))
  await prepare(database).catch(closing(database, cache))

  const directory = createAdminDirectory(database.prisma)
  const brokenRecords = createBrokenRecords(({ key, reason }) =>
    logger.warn({ key, reason }, 'a cached affinity cannot be read; it is skipped and left alone'),
  )
  const affinitySource = createScanSource(cache.affinityStore, brokenRecords)
  const dependencies: Dependency[] = [
    { name: 'database', ping: () => database.ping() },
    { name: 'cache', ping: () => cache.ping() },
  ]
  let draining = false

  const yoga = createGraphqlServer({
    authenticator: createAuthenticator({
      staticTokens: config.staticTokens,
      accessTokens: createAccessTokens(secrets.jwtSecretKey, { ttlSeconds: SESSION_TTL_SECONDS, now }),
      directory,
      blacklist: cache.blacklist,
      limiter: createLoginLimiter(),
      passwords: createPasswordVerifier({ sampleHash: () => directory.sampleHash() }),
      now,
    }),
    affinitySource,
    gateway: createGatewayStore(database.prisma),
    maskStoredKey: createKeyMasker(createDecrypter(secrets.encryptionKey), { maxEntries: MASKED_KEYS }),
    now,
    logger,
    trustProxy: config.trustProxy,
    production: config.production,
    readHealth: () => readHealth(dependencies, affinitySource.brokenCount, draining),
  })

  return {
    yoga,
    database,
    keyspace: cache.keyspace,
    startDraining() {
      draining = true
    },
    async close() {
      await Promise.allSettled([cache.close(), database.close()])
    },
  }
}

interface Cache {
  readonly affinityStore: AffinityStore
  readonly blacklist: TokenBlacklist
  readonly keyspace: MemoryKeyspace | undefined
  ping(): Promise<void>
  close(): Promise<void>
}

async function openCache(mode: ModeConfig, logger: Logger, now: () => number): Promise<Cache> {
  if (mode.kind === 'embedded') {
    const keyspace = new MemoryKeyspace(now)
    return {
      affinityStore: createMemoryAffinityStore(keyspace),
      blacklist: createMemoryTokenBlacklist(keyspace),
      keyspace,
      ping: async () => {},
      close: async () => {},
    }
  }
  const client = createRedis(mode.redis, { onError: (error) => outage.failed(error) })
  const outage = createOutageLog(logger, 'cache')
  try {
    await connectRedis(client, CACHE_CONNECT_TIMEOUT_MS)
  } catch {
    client.disconnect()
    throw new ConfigurationError([
      'The cache cannot be reached: check REDIS_URL (or REDIS_SENTINELS, REDIS_CLUSTER_NODES), its password and the network.',
    ])
  }
  outage.begin()
  client.on('ready', () => outage.recovered())
  return {
    affinityStore: createRedisAffinityStore(client),
    blacklist: createRedisTokenBlacklist(client),
    keyspace: undefined,
    async ping() {
      await client.ping()
    },
    async close() {
      client.disconnect()
    },
  }
}

const openDatabase = (mode: ModeConfig, logger: Logger): Database =>
  mode.kind === 'embedded'
    ? createPgliteDatabase({ dataDir: mode.dataDir })
    : createPgDatabase({
        url: mode.databaseUrl,
        onError: (error) => logger.warn({ reason: error.message }, 'database connection'),
      })

async function prepare(database: Database): Promise<void> {
  try {
    await prepareDatabase(database)
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    throw new ConfigurationError([
      'The database cannot be reached: check DATABASE_URL, its password and the network.',
    ])
  }
}

/** Gives back what is open already when a later step of the start fails. */
const closing =
  (...open: readonly { close(): Promise<void> }[]) =>
  async (error: unknown): Promise<never> => {
    await Promise.allSettled(open.map((one) => one.close()))
    throw error
  }

const secretsOf = (mode: ModeConfig) =>
  mode.kind === 'gateway'
    ? mode
    : { encryptionKey: DEMO_ENCRYPTION_KEY, jwtSecretKey: randomBytes(32).toString('base64url') }
