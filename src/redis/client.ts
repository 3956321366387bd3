import type { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectionOptions } from 'node:tls'
import { Cluster, type DNSLookupFunction, Redis, type RedisOptions } from 'ioredis'
import { ConfigurationError, cacheUnavailable } from '../errors.js'
import { type Address, hostAndPort } from '../util/reachability.js'
import { parseRedisUrl } from '../util/urls.js'
import { countRunningTime } from './command-timeout.js'

countRunningTime()

interface Credentials {
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/** The address of the gateway's Redis, and how to log in. */
export type RedisConfig =
  /** redis://user:password@host:port/db, or rediss:// for TLS. */
  | { readonly kind: 'single'; readonly url: string; readonly tls?: ConnectionOptions | undefined }
  | ({
      readonly kind: 'sentinel'
      readonly sentinels: readonly Address[]
      /** The name under which the sentinels watch the master. */
      readonly name: string
      readonly db?: number | undefined
      /** The sentinels' own user and password, if they need them. */
      readonly sentinelUsername?: string | undefined
      readonly sentinelPassword?: string | undefined
      /** TLS to the sentinels and to the master, if given, even as an empty object. */
      readonly tls?: ConnectionOptions | undefined
    } & Credentials)
  | ({
      readonly kind: 'cluster'
      /** Some nodes of the cluster, which name all others. */
      readonly nodes: readonly Address[]
      /** TLS to every node, if given, even as an empty object. */
      readonly tls?: ConnectionOptions | undefined
    } & Credentials)

export interface RedisClientOptions {
  /** Receives every connection error; ioredis reconnects by itself. */
  readonly onError: (error: Error) => void
  /** The name that CLIENT LIST shows. Default `affinityql`. */
  readonly connectionName?: string
}

/** A connected Redis: one server (plain, TLS or found by Sentinel), or a cluster. */
export type RedisClient = Redis | Cluster

/** Returns each server that owns keys. SCAN must visit all of them: in a cluster, `client.scan` goes to any one node. */
export const masterNodes = (client: RedisClient): readonly Redis[] =>
  client instanceof Cluster ? client.nodes('master') : [client]

// ioredis derives the types of replies from this option: it must be absent, not undefined.
type Options = Omit<RedisOptions, 'replyMapping'>

/** Milliseconds until the next attempt to connect: an exponential back-off of at most 1 s that never gives up. */
export const retryDelayMs = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 5), 1_000)

const CONNECTION_OPTIONS = {
  // RESP2 and not RESP3: ioredis 6 drops the `invalidate` messages of client tracking in RESP3, and some proxies do not
  // know HELLO. Replies are the same, since nothing here uses RESP3's own types.
  protocol: 2,
  // A command fails at once while Redis is away, and is never sent later: a clear reported as failed must not run.
  maxRetriesPerRequest: 1,
  autoResendUnfulfilledCommands: false,
  // It counts this process's running time: see command-timeout.ts.
  commandTimeout: 1_500,
  connectTimeout: 2_000,
  // Drops a connection that hangs, so that the next attempt asks the sentinels or the cluster for the new master.
  socketTimeout: 2_500,
  // Milliseconds between two checks while Redis loads its data from disk.
  maxLoadingRetryTime: 1_000,
} as const satisfies Options

// After a failover the old master refuses writes, so reconnect. The refused command fails; it did not run.
const reconnectOnError = (error: Error): boolean => error.message.startsWith('READONLY')

function optionsOfUrl(text: string, tls: ConnectionOptions | undefined): Options {
  const url = parseRedisUrl(text)
  if ('problem' in url) throw new ConfigurationError([`Redis's URL ${url.problem}.`])
  const { host, port, db, isTls } = url
  return {
    host,
    port,
    ...credentials(url),
    ...(db === undefined ? {} : { db }),
    ...(isTls ? { tls: tls ?? {} } : {}),
  }
}

const credentials = ({ username, password }: Credentials): Options => ({
  ...(username === undefined ? {} : { username }),
  ...(password === undefined ? {} : { password }),
})

function createSingleOrSentinel(
  config: Exclude<RedisConfig, { kind: 'cluster' }>,
  connectionName: string,
): Redis {
  const common: Options = {
    ...CONNECTION_OPTIONS,
    connectionName,
    enableOfflineQueue: false,
    lazyConnect: true,
    retryStrategy: retryDelayMs,
    reconnectOnError,
  }
  if (config.kind === 'single') return new Redis({ ...optionsOfUrl(config.url, config.tls), ...common })
  return new Redis({
    ...common,
    ...credentials(config),
    sentinels: config.sentinels.map(({ host, port }) => ({ host, port })),
    name: config.name,
    db: config.db ?? 0,
    sentinelUsername: config.sentinelUsername,
    sentinelPassword: config.sentinelPassword,
    sentinelCommandTimeout: 1_500,
    sentinelRetryStrategy: retryDelayMs,
    // An old master that only hung serves for some 10 s until the sentinels demote it: this listens to the sentinels.
    failoverDetector: true,
    // Seldom, because ioredis writes a line to standard error for each attempt at a sentinel that is down.
    sentinelReconnectStrategy: () => 30_000,
    ...(config.tls ? { tls: config.tls, sentinelTLS: config.tls, enableTLSForSentinelMode: true } : {}),
  })
}

const asItIs: DNSLookupFunction = (address, callback) => callback(null, address)

function createCluster(config: Extract<RedisConfig, { kind: 'cluster' }>, connectionName: string): Cluster {
  const nodes = config.nodes.map(({ host, port }) => ({ host, port }))
  return new Cluster(nodes, {
    enableOfflineQueue: false,
    lazyConnect: true,
    clusterRetryStrategy: retryDelayMs,
    slotsRefreshTimeout: 2_000,
    // Without this, changed nodes of the cluster are noticed only through errors.
    slotsRefreshInterval: 5_000,
    // Otherwise ioredis would repeat a command that may have run (its connection broke), or repeat one seconds after its
    // caller got an error (the cluster refused it).
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    redisOptions: {
      ...CONNECTION_OPTIONS,
      connectionName,
      ...credentials(config),
      ...(config.tls ? { tls: config.tls } : {}),
    },
    // The check of the TLS certificate needs the host name, so it must not be resolved to an address before.
    ...(config.tls ? { dnsLookup: asItIs } : {}),
  })
}

/** Returns the address for messages: host and port, or those of the sentinels or nodes; never a user or a password. */
export function addressOfRedis(config: RedisConfig): string {
  if (config.kind === 'sentinel') return config.sentinels.map(hostAndPort).join(', ')
  if (config.kind === 'cluster') return config.nodes.map(hostAndPort).join(', ')
  const { host = '', port = 0 } = optionsOfUrl(config.url, undefined)
  return hostAndPort({ host, port })
}

/**
 * Creates a client that fails fast, unlike ioredis's defaults. It does not connect: see connectRedis.
 * @throws ConfigurationError if the URL is invalid
 */
export function createRedis(config: RedisConfig, options: RedisClientOptions): RedisClient {
  const connectionName = options.connectionName ?? 'affinityql'
  if (config.kind !== 'cluster') {
    const client = createSingleOrSentinel(config, connectionName)
    client.on('error', options.onError)
    return client
  }
  const client = createCluster(config, connectionName)
  client.on('error', options.onError)
  client.on('node error', options.onError)
  // Connect nodes early: otherwise a node connects at its first command, and fails all others until it is connected. This
  // must wait until the cluster is ready, since a connecting node fails the cluster's own check.
  const connectNode = (node: Redis) => {
    if (client.status === 'ready' && node.status === 'wait') node.connect().catch(() => {})
  }
  client.on('ready', () => client.nodes().forEach(connectNode))
  client.on('+node', connectNode)
  return client
}

const REFUSED = /^(NOAUTH|WRONGPASS|NOPERM|ERR invalid password|ERR AUTH)/

/**
 * Connects and waits until the client is ready. After a failure the client continues to try until `disconnect()` is called.
 * @param timeoutMs milliseconds to wait; refused credentials fail at once
 * @throws UnavailableError (CACHE_UNAVAILABLE) with the last connection error as its cause
 */
export async function connectRedis(client: RedisClient, timeoutMs: number): Promise<void> {
  if (client.status === 'ready') return
  const deadline = Date.now() + timeoutMs
  let lastError: Error | undefined
  const emitter: EventEmitter = client
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error) => finish(() => reject(cacheUnavailable(lastError ?? error)))
    const timer = setTimeout(() => fail(new Error(`Redis was not ready within ${timeoutMs} ms.`)), timeoutMs)
    const onReady = () => finish(resolve)
    const onEnd = () => fail(new Error('The connection to Redis was closed.'))
    const onError = (error: Error) => {
      lastError = error
      if (REFUSED.test(error.message)) fail(error)
    }
    const finish = (settle: () => void) => {
      clearTimeout(timer)
      emitter.off('ready', onReady).off('end', onEnd).off('error', onError).off('node error', onError)
      settle()
    }
    emitter.on('ready', onReady).on('end', onEnd).on('error', onError).on('node error', onError)
    // A rejection is the first failed attempt, which onError has received already; the attempts continue.
    if (client.status === 'wait' || client.status === 'end') client.connect().catch(() => {})
  })
  if (client instanceof Cluster) await untilNodesSettle(client, deadline)
}

/** Waits for the nodes' connections, since a cluster is ready before them. A node that is down does not fail the cluster. */
async function untilNodesSettle(cluster: Cluster, deadline: number): Promise<void> {
  const isConnecting = ({ status }: Redis) =>
    status === 'connecting' || status === 'connect' || status === 'wait'
  while (cluster.nodes('master').some(isConnecting) && Date.now() < deadline) await sleep(5)
}

/**
 * Creates another connection to the same server, with the same credentials; with Sentinel, to the current master. It does
 * not connect by itself, and does not reconnect, since its tracking would be lost.
 */
export const duplicateForTracking = (node: Redis): Redis =>
  node.duplicate({
    connectionName: `${node.options.connectionName ?? 'affinityql'}-tracking`,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResubscribe: false,
    failoverDetector: false,
    retryStrategy: () => null,
  })
