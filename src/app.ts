import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { AffinitySource } from './affinities/affinity-source.js'
import type { AffinityStore } from './affinities/affinity-store.js'
import { clearFacts } from './affinities/clear/clear-facts.js'
import { createHoldingClearer } from './affinities/clear/holding-clearer.js'
import { createWriteBackGuard, type WriteBackGuard } from './affinities/clear/write-back-guard.js'
import { writtenSince } from './affinities/clear/written-since.js'
import { createForeignFamilies } from './affinities/family-counts.js'
import { createBrokenRecords } from './affinities/feed/broken-records.js'
import { createIndexedSource } from './affinities/feed/indexed-source.js'
import { createScanSource } from './affinities/feed/scan-source.js'
import { createAuditReader } from './audit/audit-reader.js'
import { createAuditSpool } from './audit/audit-spool.js'
import type { AuditStore } from './audit/audit-store.js'
import { createAuditTrail } from './audit/audit-trail.js'
import { createPendingIntents } from './audit/pending-intents.js'
import { createPrismaAuditStore } from './audit/prisma-audit-store.js'
import type { Config } from './config/load-config.js'
import type { ModeConfig } from './config/mode.js'
import { createDemoTables, DEMO_ENCRYPTION_KEY } from './demo/index.js'
import { ConfigurationError, messageOf } from './errors.js'
import { createAetherGateway } from './gateway/aether/aether-gateway.js'
import { createAetherNodes } from './gateway/aether/nodes/aether-nodes.js'
import type { AdminDirectory, Gateway, GatewayTraits, OpenGateway } from './gateway/gateway.js'
import { createKeyMasker } from './gateway/masking.js'
import { createClearTables } from './gateway/nodes/clear-tables.js'
import type { Generation, NodeState } from './gateway/nodes/gateway-nodes.js'
import { createNodeToken } from './gateway/nodes/node-token.js'
import { createCutLog } from './log/cut-log.js'
import { createModelMappingSource } from './model-mappings/model-mapping-reader.js'
import { type Cache, openCache } from './open-cache.js'
import { createPoolSessionSource } from './pool-sessions/pool-session-source.js'
import { createPgDatabase, createPgliteDatabase, type Database } from './postgres/database.js'
import { createReadingPrisma } from './postgres/database-errors.js'
import type { CommandListener } from './redis/command-observer.js'
import type { MemoryKeyspace } from './redis/memory-keyspace.js'
import { createGraphqlServer, type Yoga } from './server/create-yoga.js'
import { createBodyBudget } from './server/http/body-budget.js'
import { TRUST_NOBODY, trustProxies } from './server/http/client-address.js'
import { type Dependency, readHealth } from './server/http/health.js'
import { createHttpHandler } from './server/http/http-handler.js'
import type { Transport } from './server/http/http-server.js'
import { type CutReason, TRANSPORT_LIMITS, type TransportLimits } from './server/http/transport-limits.js'
import { readTrustedDocuments } from './server/limits/use-trusted-documents.js'
import { createMetrics } from './server/observe/metrics.js'
import type { Tracing } from './server/observe/tracing/tracing.js'
import { createAuthenticator } from './session/authenticator.js'
import { createAccessTokens } from './session/jwt.js'
import { createLoginLimiter, type LoginLimiter } from './session/login-limiter.js'
import { createPasswordVerifier } from './session/passwords.js'
import { createViewerWatch } from './session/viewer-watch.js'
import { createGatewayPoller, type GatewayPoller, type GatewayState } from './statistics/gateway-poller.js'
import { createStatisticsReader } from './statistics/statistics.js'
import { createStreams } from './util/open-streams.js'
import { hasEnded, instanceTag } from './util/process-identity.js'
import { reasonOf } from './util/reachability.js'

/** Time for which the addresses of sign-ins count as known after a start, in milliseconds: 30 days. */
const KNOWN_FOR_MS = 30 * 24 * 60 * 60 * 1_000
/** Lifetime of an administrator's session, in seconds. */
const SESSION_TTL_SECONDS = 12 * 60 * 60
/** Lifetime of a token by which the service calls the gateway for the administrator who clears, in seconds. */
const CALL_TTL_SECONDS = 60
/** Milliseconds between two polls of a node's statistics: a token may make 30 calls a minute, and clears need them. */
const POLL_EVERY_MS = 60_000
/** Time that a stop waits for running clears, in milliseconds. A clear of a million affinities takes less. */
const CLEARS_MS = 30_000
/**
 * Time that a stop then waits until the outcomes of the clears are in the database or on disk, in milliseconds. It is longer
 * than the limit of one statement, after which an outcome that a hung database does not take goes to the spool.
 */
const OUTCOMES_MS = 6_000
/** Number of masked keys that are cached, so that the keys of a page are not decrypted again for the next request. */
const MASKED_KEYS = 50_000
/** Written by the build. The relative path is right from src/ and from dist/. */
const TRUSTED_DOCUMENTS = fileURLToPath(new URL('../dist/trusted-documents.json', import.meta.url))
/** Folder of the built console. The relative path is right from src/ and from dist/. */
const CONSOLE_DIRECTORY = fileURLToPath(new URL('../dist/web', import.meta.url))

export interface App {
  readonly yoga: Yoga
  /** Handles each request of Node's HTTP server: the console's files, then Yoga. */
  readonly handler: RequestListener
  /** Limits of the connections of Node's HTTP server. */
  readonly transport: Transport
  readonly database: Database
  /** Cache of the embedded mode; undefined beside a gateway. */
  readonly keyspace: MemoryKeyspace | undefined
  /** Logs a warning if no stored key can be decrypted. Call it without waiting after the server listens. Never rejects. */
  checkEncryptionKey(): Promise<void>
  /** Ends the open streams, and lets `/health/ready` answer 503, so that no new requests are sent here. */
  startDraining(): void
  /**
   * Waits up to `CLEARS_MS` for running clears, then ends them. Every outcome is written or spooled. Then disconnects from
   * the stores.
   */
  close(): Promise<void>
  /** Ends running clears at once, and waits up to `OUTCOMES_MS` until their outcomes are written or spooled. */
  endClears(): Promise<void>
}

export interface AppOptions {
  readonly logger: Logger
  /** Unix milliseconds. */
  readonly now?: () => number
  /** Receives the spans. The caller must close it. */
  readonly tracing?: Tracing | undefined
  /** Whose tables the database has. Default: Aether's. */
  readonly openGateway?: OpenGateway
  /** Limits that differ from `TRANSPORT_LIMITS` and from the configuration. */
  readonly transportLimits?: Partial<TransportLimits>
  /** The kind of gateway, as it is now. Default: as its tables tell. */
  readonly generation?: () => Generation
  /** The cache of the embedded mode. Default: an empty one. */
  readonly keyspace?: MemoryKeyspace
}

/**
 * Creates the service from its parts: config → clients → stores → server. It does not listen yet.
 * @throws ConfigurationError if a store cannot be reached or the database is not the gateway's
 */
export async function createApp(
  config: Config,
  {
    logger,
    now = Date.now,
    tracing,
    openGateway = createAetherGateway,
    transportLimits,
    ...options
  }: AppOptions,
): Promise<App> {
  const trustedDocuments =
    config.trustedDocuments && readTrustedDocuments([TRUSTED_DOCUMENTS, ...config.trustedDocuments.files])
  const secrets = secretsOf(config.mode)
  const database = openDatabase(config.mode, logger)
  const gateway = openGateway(database, secrets)
  const metrics = createMetrics({ tables: gateway.schema.tables })
  database.onQuery((sql, durationMs) => metrics.sqlStatementDone(sql, durationMs / 1_000))
  if (tracing) database.onQuery(tracing.sqlStatementDone)
  const onCommand: CommandListener = (command, durationMs, error) => {
    const failed = error !== undefined
    metrics.redisCommandDone(command, durationMs / 1_000, failed)
    tracing?.redisCommandDone(command, durationMs, failed)
  }
  const cache = await openCache(config.mode, logger, now, onCommand, options.keyspace).catch(
    closing(database),
  )
  await prepare(config.mode, database, gateway).catch(closing(database, cache))

  logger.info(traitsForLog(gateway.traits()), 'the gateway’s tables are known')
  const { directory } = gateway
  const { affinitySource, guard, clearingStore } = openAffinities(cache, config, logger, now, (count) =>
    metrics.guardDeleted(count),
  )
  const foreignFamilies = createForeignFamilies({
    families: cache.affinityStore.families,
    keys: () => cache.affinityLikeKeys(),
  })
  const generation = options.generation ?? (() => gateway.traits().generation)
  const token = createNodeToken({ token: config.gateways?.token, file: config.gateways?.tokenFile })
  const calling = createAccessTokens(secrets.jwtSecretKey, { ttlSeconds: CALL_TTL_SECONDS, now })
  const nodes =
    config.gateways &&
    createAetherNodes({
      urls: config.gateways.urls,
      token,
      generation,
      signFor: async (id) => (await calling.sign({ id })).token,
      clearsAtOnce: config.clearAtOnce,
      written: (since) => writtenSince(affinitySource.reader(), since, gateway.figures.affinityTtlSeconds),
      now,
      onChange: (state) => logNode(state, logger),
    })
  warnOfPlainHttp(config, logger)
  const gateways =
    nodes &&
    createGatewayPoller({
      urls: nodes.urls,
      token: token.read,
      mayPoll: nodes.takeCall,
      intervalMs: POLL_EVERY_MS,
      onChange: (state) => logPoll(state, logger),
    })
  const statistics = createStatisticsReader(cache.statsStore, gateways)
  const auditStore = createPrismaAuditStore(database.prisma, { now, instance: instanceTag() })
  const audit = createAuditTrail({
    store: auditStore,
    spool: createAuditSpool(config.auditSpoolDir),
    log: logger,
  })
  await audit.start()
  const pendingIntents = createPendingIntents({ store: auditStore, hasEnded, log: logger })
  const limiter = createLoginLimiter()
  await Promise.all([
    pendingIntents.start(),
    rememberSignIns(limiter, auditStore, now, logger),
    warnOfUnreadable(directory, logger),
  ])
  const dependencies: Dependency[] = [
    { name: 'database', ping: () => database.ping() },
    { name: 'cache', ping: () => cache.ping() },
  ]
  let draining = false
  const streams = createStreams()
  const health = async () => ({
    ...(await readHealth(dependencies, { affinities: affinitySource, draining: () => draining })),
    affinityIndex: affinitySource.state,
    auditSpool: audit.spooled,
    ...(gateways && { gateways: countGateways(gateways) }),
    ...(config.mode.kind === 'embedded' && { demo: config.mode.generation }),
  })

  const trustProxy = config.trustedProxies === undefined ? TRUST_NOBODY : trustProxies(config.trustedProxies)
  const prisma = createReadingPrisma(database.prisma)
  const { connections, connectionsPerNetwork } = config.limits
  const limits = { ...TRANSPORT_LIMITS, connections, connectionsPerNetwork, ...transportLimits }
  const logCut = createCutLog(logger)
  const onCut = (reason: CutReason) => {
    metrics.clientCut(reason)
    logCut(reason)
  }
  const bodies = createBodyBudget(limits, () => onCut('unfinished_bodies'))

  const authenticator = createAuthenticator({
    staticTokens: config.staticTokens,
    accessTokens: createAccessTokens(secrets.jwtSecretKey, { ttlSeconds: SESSION_TTL_SECONDS, now }),
    directory,
    blacklist: cache.blacklist,
    limiter,
    passwords: createPasswordVerifier({ sampleHash: () => directory.sampleHash() }),
    now,
  })

  const yoga = createGraphqlServer({
    authenticator,
    viewerWatch: createViewerWatch({ check: (credentials) => authenticator.review(credentials) }),
    affinitySource,
    affinityStore: cache.affinityStore,
    streams,
    clearer: createHoldingClearer({
      store: clearingStore,
      guard,
      countInvalidations: (count) => cache.statsStore.addInvalidations(count),
      nodes,
      generation,
      clearsAtOnce: config.clearAtOnce,
      reader: () => affinitySource.reader(),
      tables: createClearTables(gateway.store),
      defaultTtlSeconds: gateway.figures.affinityTtlSeconds,
      now,
    }),
    gatewayNodes: nodes,
    clearFacts: () =>
      clearFacts({
        generation: generation(),
        nodes: nodes?.states() ?? [],
        hasUnlistedRecords: nodes?.hasUnlistedRecords() ?? null,
        hasToken: config.gateways?.token !== undefined || config.gateways?.tokenFile !== undefined,
        mayActAtOnce: config.clearAtOnce,
      }),
    keyPrefix: cache.keyPrefix === '' ? null : cache.keyPrefix.slice(0, -1),
    audit,
    auditReader: createAuditReader(prisma),
    prisma,
    metrics,
    renderMetrics: () =>
      metrics.render({
        health,
        statistics: () => statistics.read(),
        countAffinities: () => affinitySource.reader().count({}),
        indexSize: () => affinitySource.indexSize,
        indexDrift: () => affinitySource.figures.drift,
        reconcileBytes: () => affinitySource.figures.reconcileBytes,
        brokenRecords: () => affinitySource.brokenCount,
        gateways: () => gateways?.states() ?? [],
        generation,
        nodes: () => nodes?.states() ?? [],
      }),
    metricsPublic: config.metricsPublic,
    statistics,
    cacheReservationRatio: config.cacheReservationRatio,
    mappingSource: createModelMappingSource(cache.modelMappings, {
      onBroken: (keys) =>
        logger.warn(
          { count: keys.length, keys: keys.slice(0, 10) },
          'cached models cannot be read; they are skipped and left alone',
        ),
    }),
    modelMappings: cache.modelMappings,
    poolSessionSource: createPoolSessionSource(cache.poolSessions),
    poolSessionStore: cache.poolSessions,
    foreignFamilies,
    gateway: gateway.store,
    gatewayFigures: gateway.figures,
    gatewayTraits: gateway.traits,
    maskStoredKey: createKeyMasker(gateway.decrypt, { maxEntries: MASKED_KEYS }),
    now,
    logger,
    trustProxy,
    bodies,
    limits: config.limits,
    corsOrigins: config.corsOrigins,
    production: config.production,
    trustedDocuments,
    readHealth: health,
    tracing,
  })
  gateways?.start()
  const stopWatching = gateway.watch((traits) =>
    logger.warn(traitsForLog(traits), 'the gateway’s tables have changed; this is what they are now'),
  )
  nodes?.start()

  // Without its connection to the cache a running clear fails, and its outcome says how many records were cleared.
  const endClears = async () => {
    await cache.close()
    await audit.settled(OUTCOMES_MS)
  }

  return {
    yoga,
    handler: createHttpHandler(yoga, { consoleDirectory: CONSOLE_DIRECTORY, trustProxy }),
    transport: { limits, trustProxy, onCut },
    database,
    keyspace: cache.keyspace,
    checkEncryptionKey: () => warnOfWrongKey(gateway, logger),
    startDraining() {
      draining = true
      streams.closeAll()
    },
    async close() {
      stopWatching()
      gateways?.stop()
      nodes?.stop()
      pendingIntents.stop()
      if (audit.running > 0) logger.info({ running: audit.running }, 'the stop waits for clears that run')
      if (!(await audit.settled(CLEARS_MS))) {
        logger.error({ running: audit.running }, 'clears run for too long; the stop ends them where they are')
      }
      guard.close()
      affinitySource.close()
      await endClears()
      await audit.stop()
      await database.close()
    },
    endClears,
  }
}

interface Affinities {
  readonly affinitySource: AffinitySource
  readonly guard: WriteBackGuard
  /** Store that clears use, so that the index removes the same records. */
  readonly clearingStore: AffinityStore
}

function openAffinities(
  cache: Cache,
  config: Config,
  logger: Logger,
  now: () => number,
  onRemovedAgain: (count: number) => void,
): Affinities {
  const store = cache.affinityStore
  const brokenRecords = createBrokenRecords(({ key, reason }) =>
    logger.warn({ key, reason }, 'a cached affinity cannot be read; it is skipped and left alone'),
  )
  const scanSource = createScanSource(store, brokenRecords, now)
  const guard: WriteBackGuard = createWriteBackGuard({
    store,
    remover: cache.writeBackRemover,
    windowSeconds: config.clearGuardSeconds,
    isFollowed: () => affinitySource.state === 'live',
    now,
    log: logger,
    onRemovedAgain,
  })
  const liveSource = config.affinityIndex
    ? createIndexedSource({
        store,
        feed: cache.createFeed(),
        brokenRecords,
        scanSource,
        now,
        log: logger,
        onSeen: guard.seen,
        reconcileMs: config.reconcileSeconds * 1_000,
      })
    : undefined
  const affinitySource: AffinitySource = liveSource ?? scanSource
  return { affinitySource, guard, clearingStore: liveSource?.store ?? store }
}

/** Counts the polled gateways that answer and those that do not. Health is public, so it does not have their addresses. */
function countGateways(gateways: GatewayPoller): { readonly up: number; readonly down: number } {
  const states = gateways.states()
  const up = states.filter(({ isUp }) => isUp).length
  return { up, down: states.length - up }
}

function logPoll({ url, isUp, problem }: GatewayState, logger: Logger): void {
  if (isUp) logger.info({ gateway: url }, 'gateway tells its statistics')
  else logger.warn({ gateway: url, problem }, 'gateway left out of the statistics')
}

function logNode({ url, error, ...may }: NodeState, logger: Logger): void {
  const { reachable, canRead, canClear, canClearAtOnce, alternates } = may
  const facts = { node: url, reachable, canRead, canClear, canClearAtOnce, alternates }
  if (error === null) logger.info(facts, 'what this node of the gateway may be asked')
  else logger.warn({ ...facts, problem: error }, 'this node of the gateway cannot do all that clears need')
}

/** A token over plain HTTP can be read by everybody on the way. */
function warnOfPlainHttp({ gateways }: Config, logger: Logger): void {
  for (const url of gateways?.urls ?? []) {
    const { protocol, hostname } = new URL(url)
    if (protocol === 'http:' && !isLoopback(hostname)) {
      logger.warn({ node: url }, 'the token for this node of the gateway is sent without TLS')
    }
  }
}

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)

const openDatabase = (mode: ModeConfig, logger: Logger): Database =>
  mode.kind === 'embedded'
    ? createPgliteDatabase({ dataDir: mode.dataDir })
    : createPgDatabase({
        url: mode.databaseUrl,
        onError: (error) => logger.warn({ reason: error.message }, 'database connection'),
      })

async function prepare(mode: ModeConfig, database: Database, gateway: Gateway): Promise<void> {
  try {
    // The error of the driver has the reason; the error of Prisma would not.
    await database.ping()
    if (mode.kind === 'embedded') await createDemoTables(database.query, mode.generation)
    await gateway.schema.prepare()
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    throw new ConfigurationError([
      `The database at ${database.address} cannot be reached (${reasonOf(error) ?? 'no answer'}): check DATABASE_URL, its password and the network. npx affinityql doctor checks the rest as well.`,
    ])
  }
}

const traitsForLog = ({ generation, missing }: GatewayTraits) => ({
  generation,
  missing: missing.map(({ field, needs }) => `${field} needs ${needs}`),
})

/** Tells the limiter who has signed in from where, so that a restart does not let strangers lock anybody out. */
async function rememberSignIns(
  limiter: LoginLimiter,
  store: Pick<AuditStore, 'signIns'>,
  now: () => number,
  logger: Logger,
): Promise<void> {
  try {
    const signIns = await store.signIns(new Date(now() - KNOWN_FOR_MS))
    // The newest are first, and the last that are remembered are forgotten last.
    for (const { account, address } of signIns.toReversed()) limiter.remember(address, account)
  } catch (error) {
    logger.warn({ reason: messageOf(error) }, 'earlier sign-ins were not read: no address is known yet')
  }
}

/** Refused tokens are all that anybody would see of it. */
async function warnOfUnreadable(directory: AdminDirectory, logger: Logger): Promise<void> {
  // While the database is away, other lines tell of that.
  const tables = await directory.unreadable().catch(() => [])
  if (tables.length === 0) return
  logger.warn({ tables }, 'tokens of the gateway are refused: the tables that tell of them cannot be read')
}

/** Masked keys that are null are all that anybody would see of it. */
async function warnOfWrongKey(gateway: Gateway, logger: Logger): Promise<void> {
  // While the database is away there is nothing to try, and other lines tell of that.
  const { tried, readable } = await gateway.tryStoredKeys().catch(() => ({ tried: 0, readable: 0 }))
  if (tried === 0 || readable > 0) return
  logger.warn(
    { tried },
    'no stored key can be decrypted, so masked keys are null: is ENCRYPTION_KEY the gateway’s? npx affinityql doctor checks it',
  )
}

/** Creates an error handler that closes what is open already when a later step of the start fails. */
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
