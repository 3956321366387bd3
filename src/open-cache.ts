import type { Logger } from 'pino'
import { affinityLikeKeys } from './affinities/affinity-like-keys.js'
import type { AffinityStore } from './affinities/affinity-store.js'
import {
  createMemoryWriteBackRemover,
  createRedisWriteBackRemover,
  type WriteBackRemover,
} from './affinities/clear/write-back-guard.js'
import { createFamilies, FAMILIES } from './affinities/families/index.js'
import { createMemoryFeed } from './affinities/feed/affinity-feed.js'
import { createMemoryAffinityStore } from './affinities/memory-affinity-store.js'
import { createRedisAffinityStore } from './affinities/redis-affinity-store.js'
import type { ModeConfig } from './config/mode.js'
import { ConfigurationError } from './errors.js'
import { createOutageLog, createRightsLog } from './log/store-log.js'
import { createMemoryModelMappingStore } from './model-mappings/memory-model-mapping-store.js'
import { MODEL_CACHE_ROOTS } from './model-mappings/model-cache-key.js'
import type { ModelMappingStore } from './model-mappings/model-mapping-store.js'
import { createRedisModelMappingStore } from './model-mappings/redis-model-mapping-store.js'
import { createMemoryPoolSessionStore } from './pool-sessions/memory-pool-session-store.js'
import type { PoolSessionStore } from './pool-sessions/pool-session-store.js'
import { createRedisPoolSessionStore } from './pool-sessions/redis-pool-session-store.js'
import { isRightMissing } from './redis/cache-errors.js'
import { addressOfRedis, connectRedis, createRedis } from './redis/client.js'
import { type CommandListener, observeCommands } from './redis/command-observer.js'
import type { KeyFeed } from './redis/key-feed.js'
import { MemoryKeyspace } from './redis/memory-keyspace.js'
import { createTrackingFeed } from './redis/tracking-feed.js'
import type { TokenBlacklist } from './session/authenticator.js'
import { createMemoryTokenBlacklist, createRedisTokenBlacklist } from './session/token-blacklist.js'
import { createMemoryStatsStore } from './statistics/memory-stats-store.js'
import { createRedisStatsStore } from './statistics/redis-stats-store.js'
import type { JunkCounter, StatsStore } from './statistics/stats-store.js'
import { reasonOf } from './util/reachability.js'

/** Time that the start waits for the cache, in milliseconds. */
const CACHE_CONNECT_TIMEOUT_MS = 5_000

/** Stores on the gateway's Redis or, in the embedded mode, in memory. */
export interface Cache {
  readonly affinityStore: AffinityStore
  readonly writeBackRemover: WriteBackRemover
  /** Creates a feed of the changes to affinities. */
  createFeed(): KeyFeed
  readonly modelMappings: ModelMappingStore
  /** Creates a feed of the changes to the model caches; undefined where a read of all costs nothing. */
  readonly createModelFeed: (() => KeyFeed) | undefined
  readonly poolSessions: PoolSessionStore
  /** Lists keys that look like affinities of any gateway, each once, within a bounded number of steps. */
  affinityLikeKeys(): AsyncIterable<readonly string[]>
  readonly statsStore: StatsStore
  readonly blacklist: TokenBlacklist
  /** What stands before every key: nothing, or a name and a colon. */
  readonly keyPrefix: string
  readonly keyspace: MemoryKeyspace | undefined
  ping(): Promise<void>
  close(): Promise<void>
}

/**
 * Connects to the cache, and creates the stores on it.
 * @param keyspace the cache of the embedded mode
 * @throws ConfigurationError if the cache cannot be reached
 */
export async function openCache(
  mode: ModeConfig,
  logger: Logger,
  now: () => number,
  onCommand: CommandListener,
  keyspace = new MemoryKeyspace(now),
): Promise<Cache> {
  const onJunk = (junk: JunkCounter) =>
    logger.warn(junk, 'a cached counter cannot be read; it is taken as missing and left alone')
  if (mode.kind === 'embedded') {
    return {
      affinityStore: createMemoryAffinityStore(keyspace, FAMILIES),
      writeBackRemover: createMemoryWriteBackRemover(keyspace, FAMILIES),
      createFeed: () => createMemoryFeed(keyspace, FAMILIES),
      modelMappings: createMemoryModelMappingStore(keyspace),
      createModelFeed: undefined,
      poolSessions: createMemoryPoolSessionStore(keyspace),
      async *affinityLikeKeys() {
        yield [...keyspace.keys()].filter((key) => key.includes('_affinity:'))
      },
      statsStore: createMemoryStatsStore(keyspace, onJunk),
      blacklist: createMemoryTokenBlacklist(keyspace),
      keyPrefix: '',
      keyspace,
      ping: async () => {},
      close: async () => {},
    }
  }
  const { keyPrefix } = mode
  const families = createFamilies(keyPrefix)
  const client = createRedis(mode.redis, { onError: (error) => outage.failed(error) })
  const tellMissingRight = createRightsLog(logger)
  observeCommands(client, (command, durationMs, error) => {
    if (isRightMissing(error)) tellMissingRight(command, error)
    onCommand(command, durationMs, error)
  })
  const outage = createOutageLog(logger, 'cache')
  try {
    await connectRedis(client, CACHE_CONNECT_TIMEOUT_MS)
  } catch (error) {
    client.disconnect()
    throw new ConfigurationError([
      `The cache at ${addressOfRedis(mode.redis)} cannot be reached (${reasonOf(error) ?? 'no answer'}): check REDIS_URL (or REDIS_SENTINELS, REDIS_CLUSTER_NODES), its password and the network. npx affinityql doctor checks the rest as well.`,
    ])
  }
  outage.begin()
  client.on('ready', () => outage.recovered())
  return {
    affinityStore: createRedisAffinityStore(client, families),
    writeBackRemover: createRedisWriteBackRemover(client, families),
    createFeed: () => createTrackingFeed(client, families.roots),
    modelMappings: createRedisModelMappingStore(client, keyPrefix),
    createModelFeed: () =>
      createTrackingFeed(
        client,
        MODEL_CACHE_ROOTS.map((root) => keyPrefix + root),
      ),
    poolSessions: createRedisPoolSessionStore(client, keyPrefix),
    affinityLikeKeys: () => affinityLikeKeys(client, families),
    statsStore: createRedisStatsStore(client, onJunk, keyPrefix),
    blacklist: createRedisTokenBlacklist(client, keyPrefix),
    keyPrefix,
    keyspace: undefined,
    async ping() {
      await client.ping()
    },
    async close() {
      client.disconnect()
    },
  }
}
