import type { RequestListener } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import { createForeignFamilies } from './affinities/family-counts.js'
import { warnOfHeap } from './app/heap-room.js'
import { traitsForLog, warnOfWrongKey } from './app/log-lines.js'
import { openAffinities } from './app/open-affinities.js'
import { openAudit } from './app/open-audit.js'
import { openClears } from './app/open-clears.js'
import { openDatabase, openUsageDatabase, prepareDatabase, secretsOf } from './app/open-database.js'
import { openHealth } from './app/open-health.js'
import { openModelMappings } from './app/open-model-mappings.js'
import { openNodes } from './app/open-nodes.js'
import { openSession } from './app/open-session.js'
import { openTransport } from './app/open-transport.js'
import { createStopClears } from './app/stop-clears.js'
import type { Config } from './config/load-config.js'
import { createAetherGateway } from './gateway/aether/aether-gateway.js'
import type { OpenGateway } from './gateway/gateway.js'
import { createKeyMasker } from './gateway/masking.js'
import type { Generation } from './gateway/nodes/gateway-nodes.js'
import { openCache } from './open-cache.js'
import { createPoolSessionSource } from './pool-sessions/pool-session-source.js'
import type { Database } from './postgres/database.js'
import type { CommandListener } from './redis/command-observer.js'
import type { MemoryKeyspace } from './redis/memory-keyspace.js'
import { createGraphqlServer, type Yoga } from './server/create-yoga.js'
import { createHttpHandler } from './server/http/http-handler.js'
import type { Transport } from './server/http/http-server.js'
import type { TransportLimits } from './server/http/transport-limits.js'
import { readTrustedDocuments } from './server/limits/use-trusted-documents.js'
import { createMetrics } from './server/observe/metrics.js'
import type { Tracing } from './server/observe/tracing/tracing.js'
import { createStatisticsReader } from './statistics/statistics.js'
import { createUsageLately, type UsageLately } from './usage/usage-lately.js'
import { createStreams } from './util/open-streams.js'
import { sparing } from './util/promises.js'

/** Number of masked keys that are cached, so that the keys of a page are not decrypted again for the next request. */
const MASKED_KEYS = 50_000
/** Scrapes that have a rendering of their own, and milliseconds for which all further ones share one. */
const RENDERINGS = { burst: 30, everyMs: 1_000 } as const
const NO_FIGURES: UsageLately = { saved: async () => undefined, lostUsd: async () => undefined }
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
  /**
   * Ends the open streams, and lets `/health/ready` answer 503, so that no new requests are sent here. Clears end between two
   * batches.
   */
  startDraining(): void
  /**
   * Waits for running clears as long as `Audit.clearsDone` does and, once draining has started, for guard windows; then ends
   * them. Every outcome is written or spooled. Then disconnects from the stores.
   */
  close(): Promise<void>
  /** Ends running clears at once, and waits until their outcomes are written or spooled, as `Audit.outcomesKept` does. */
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
  /** Milliseconds between two sweeps over the filters of subscriptions. Default: as createCrossings has it. */
  readonly sweepEveryMs?: number
  /** The cache of the embedded mode. Default: an empty one. */
  readonly keyspace?: MemoryKeyspace
}

/**
 * Creates the service from its parts: config → clients → stores → server. It does not listen yet.
 * @throws ConfigurationError if a store cannot be reached or the database is not the gateway's
 */
export async function createApp(
  config: Config,
  { logger, now = Date.now, tracing, openGateway = createAetherGateway, ...options }: AppOptions,
): Promise<App> {
  const trustedDocuments =
    config.trustedDocuments && readTrustedDocuments([TRUSTED_DOCUMENTS, ...config.trustedDocuments.files])
  const secrets = secretsOf(config.mode)
  const { jwtSecretKey } = secrets
  const database = openDatabase(config.mode, logger)
  const usageDatabase = openUsageDatabase(config.mode, logger)
  const gateway = openGateway(database, secrets, usageDatabase)
  const metrics = createMetrics({ tables: gateway.schema.tables })
  for (const one of [database, ...(usageDatabase ? [usageDatabase] : [])]) {
    one.onQuery((sql, durationMs) => metrics.sqlStatementDone(sql, durationMs / 1_000))
    if (tracing) one.onQuery(tracing.sqlStatementDone)
  }
  const onCommand: CommandListener = (command, durationMs, error) => {
    const failed = error !== undefined
    metrics.redisCommandDone(command, durationMs / 1_000, failed)
    tracing?.redisCommandDone(command, durationMs, failed)
  }
  const cache = await openCache(config.mode, logger, now, onCommand, options.keyspace).catch(
    closing(database),
  )
  await prepareDatabase(config.mode, database, gateway, logger).catch(closing(database, cache))
  logger.info(traitsForLog(gateway.traits()), 'the gateway’s tables are known')

  const generation = options.generation ?? (() => gateway.traits().generation)
  const onRemovedAgain = metrics.guardDeleted
  const affinities = openAffinities({
    cache,
    config,
    logger,
    now,
    onRemovedAgain,
    sweepEveryMs: options.sweepEveryMs,
  })
  const affinitySource = affinities.source
  const nodes = openNodes({
    config,
    gateway,
    generation,
    affinities: affinitySource,
    jwtSecretKey,
    logger,
    now,
  })
  const mappingSource = openModelMappings({ cache, config, traits: gateway.traits, logger })
  const statistics = createStatisticsReader(cache.statsStore, nodes.poller)
  const audit = await openAudit({ config, database, logger, now })
  const session = openSession({
    config,
    directory: gateway.directory,
    blacklist: cache.blacklist,
    signIns: audit.store,
    jwtSecretKey,
    logger,
    now,
  })
  await Promise.all([audit.start(), session.start()])
  const lately = config.usageMetrics ? createUsageLately(gateway, now) : NO_FIGURES
  let draining = false
  const stopClears = createStopClears({
    audit,
    guard: affinities.guard,
    endsWithGateway: config.mode.kind === 'embedded',
    log: logger,
  })
  const streams = createStreams()
  const readHealth = openHealth({
    mode: config.mode,
    database,
    cache,
    affinities: affinitySource,
    audit: audit.trail,
    poller: nodes.poller,
    draining: () => draining,
  })
  const { transport, bodies, admission, onOverload } = openTransport({
    config,
    changed: options.transportLimits,
    metrics,
    logger,
  })

  const yoga = createGraphqlServer({
    ...openClears({
      cache,
      config,
      gateway,
      generation,
      affinities,
      nodes: nodes.nodes,
      stop: stopClears.stop,
      now,
    }),
    authenticator: session.authenticator,
    viewerWatch: session.viewerWatch,
    affinitySource,
    followUps: affinities.followUps,
    crossings: affinities.crossings,
    affinityStore: cache.affinityStore,
    foreignFamilies: createForeignFamilies({
      families: cache.affinityStore.families,
      keys: () => cache.affinityLikeKeys(),
    }),
    keyPrefix: cache.keyPrefix === '' ? null : cache.keyPrefix.slice(0, -1),
    gatewayNodes: nodes.nodes,
    audit: audit.trail,
    auditReader: audit.reader,
    prisma: audit.prisma,
    statistics,
    cacheReservationRatio: config.cacheReservationRatio,
    mappingSource,
    poolSessionSource: createPoolSessionSource(cache.poolSessions),
    gateway: gateway.store,
    usage: gateway.usage,
    chains: gateway.chains,
    clearedPins: affinities.clearedPins.latest,
    gatewayFigures: gateway.figures,
    gatewayTraits: gateway.traits,
    maskStoredKey: createKeyMasker(gateway.decrypt, { maxEntries: MASKED_KEYS }),
    metrics,
    renderMetrics: sparing(
      () =>
        metrics.render({
          health: readHealth,
          statistics: () => statistics.read(),
          countAffinities: () => affinitySource.reader().count({}),
          indexSize: () => affinitySource.indexSize,
          indexDrift: () => affinitySource.figures.drift,
          reconcileBytes: () => affinitySource.figures.reconcileBytes,
          followUps: () => affinities.followUps.figures,
          brokenRecords: () => affinitySource.brokenCount,
          gateways: () => nodes.poller?.states() ?? [],
          generation,
          nodes: () => nodes.nodes?.states() ?? [],
          ...lately,
        }),
      RENDERINGS.burst,
      RENDERINGS.everyMs,
    ),
    metricsPublic: config.metricsPublic,
    readHealth,
    tracing,
    logger,
    now,
    streams,
    trustProxy: transport.trustProxy,
    bodies,
    admission,
    onOverload,
    limits: config.limits,
    corsOrigins: config.corsOrigins,
    production: config.production,
    trustedDocuments,
  })
  const stopWatching = gateway.watch((traits) => {
    logger.warn(traitsForLog(traits), 'the gateway’s tables have changed; this is what they are now')
    // Its nodes are of another generation, or were restarted.
    void nodes.nodes?.check()
  })
  // An outage has lines of its own.
  affinitySource.ready().then(
    () => warnOfHeap(affinitySource.indexSize ?? 0, logger),
    () => {},
  )
  nodes.start()

  // Without its connection to the cache a running clear fails, and its outcome says how many records were cleared.
  const endClears = async () => {
    await cache.close()
    await audit.outcomesKept()
  }

  return {
    yoga,
    handler: createHttpHandler(yoga, {
      consoleDirectory: CONSOLE_DIRECTORY,
      trustProxy: transport.trustProxy,
      overload: { admission, onRefused: onOverload },
    }),
    transport,
    database,
    keyspace: cache.keyspace,
    checkEncryptionKey: () => warnOfWrongKey(gateway, logger),
    startDraining() {
      draining = true
      stopClears.begin()
      streams.closeAll()
    },
    async close() {
      stopWatching()
      admission.close()
      nodes.stop()
      audit.stopLooking()
      await stopClears.done()
      affinities.guard.close()
      affinitySource.close()
      mappingSource.close()
      await endClears()
      await audit.trail.stop()
      await Promise.all([database.close(), usageDatabase?.close()])
    },
    endClears,
  }
}

/** Creates an error handler that closes what is open already when a later step of the start fails. */
const closing =
  (...open: readonly { close(): Promise<void> }[]) =>
  async (error: unknown): Promise<never> => {
    await Promise.allSettled(open.map((one) => one.close()))
    throw error
  }
