import type { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectionOptions } from 'node:tls'
import { Cluster, type DNSLookupFunction, Redis, type RedisOptions } from 'ioredis'
import { ConfigurationError, cacheUnavailable } from '../errors.js'
import { type Address, hostAndPort } from '../util/reachability.js'
import { parseRedisUrl } from '../util/urls.js'

interface Credentials {
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/** Where the gateway's Redis is. */
export type RedisConfig =
  /** redis://user:password@host:port/db, or rediss:// for TLS. */
  | { readonly kind: 'single'; readonly url: string; readonly tls?: ConnectionOptions | undefined }
  | ({
      readonly kind: 'sentinel'
      readonly sentinels: readonly Address[]
      /** The name under which the sentinels watch the master. */
      readonly name: string
      readonly db?: number | undefined
      /** The sentinels' own, where they ask for it. */
      readonly sentinelUsername?: string | undefined
      readonly sentinelPassword?: string | undefined
      /** Given, even empty: TLS to the sentinels and to the master. */
      readonly tls?: ConnectionOptions | undefined
    } & Credentials)
  | ({
      readonly kind: 'cluster'
      /** Any of the cluster's nodes; the others are found through them. */
      readonly nodes: readonly Address[]
      /** Given, even empty: TLS to every node. */
      readonly tls?: ConnectionOptions | undefined
    } & Credentials)

export interface RedisClientOptions {
  /** Told of every connection error; ioredis reconnects by itself. */
  readonly onError: (error: Error) => void
  /** As CLIENT LIST shows it. Default `affinityql`. */
  readonly connectionName?: string
}

/** A connected Redis: one server (plain, TLS or found by Sentinel), or a cluster. */
export type RedisClient = Redis | Cluster

/** Each server that owns keys. SCAN must walk every one of them: in a cluster `scan` would go to any node. */
export const masterNodes = (client: RedisClient): readonly Redis[] =>
  client instanceof Cluster ? client.nodes('master') : [client]

// ioredis derives the types of replies from this option: it must be absent, not undefined.
type Options = Omit<RedisOptions, 'replyMapping'>

/** Milliseconds until the next attempt to connect: for ever, so that an outage ends by itself, and at least once a second. */
const retryDelayMs = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 5), 1_000)

const CONNECTION_OPTIONS = {
  // RESP2: answered by every Redis and by proxies that do not know HELLO, and ioredis 6 drops the `invalidate` messages
  // of client tracking when it speaks RESP3. Replies are the same: nothing here uses RESP3's own types.
  protocol: 2,
  // A command fails at once while Redis is away, and is never sent later: a clear reported as failed must not run.
  maxRetriesPerRequest: 1,
  autoResendUnfulfilledCommands: false,
  commandTimeout: 1_500,
  connectTimeout: 2_000,
  // A connection that hangs is dropped, so that the next attempt asks the sentinels or the cluster for the new master.
  socketTimeout: 2_500,
  // While Redis reads its data from disk: ask again this often.
  maxLoadingRetryTime: 1_000,
} as const satisfies Options

// After a failover an old master refuses writes: connect anew. The command that met it fails; it was not run.
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
    // An old master that only hung serves on until the sentinels tell it, some 10 s later: listen to them instead.
    failoverDetector: true,
    // ioredis writes a line to the standard error for each attempt at a sentinel that is down.
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
    // Without it a cluster whose nodes changed is found out only through errors.
    slotsRefreshInterval: 5_000,
    // ioredis would send a command again whose connection broke, that is, one that may have run; and one that the cluster
    // refused, seconds after its caller was told that it had failed.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    redisOptions: {
      ...CONNECTION_OPTIONS,
      connectionName,
      ...credentials(config),
      ...(config.tls ? { tls: config.tls } : {}),
    },
    // With TLS the host name must reach the check of the certificate: not resolved to an address before.
    ...(config.tls ? { dnsLookup: asItIs } : {}),
  })
}

/** Where it is looked for, for a person: host and port, or those of the sentinels or nodes. No user and no password. */
export function addressOfRedis(config: RedisConfig): string {
  if (config.kind === 'sentinel') return config.sentinels.map(hostAndPort).join(', ')
  if (config.kind === 'cluster') return config.nodes.map(hostAndPort).join(', ')
  const { host = '', port = 0 } = optionsOfUrl(config.url, undefined)
  return hostAndPort({ host, port })
}

/**
 * A client with an operator's options instead of ioredis's. It does not connect: see connectRedis.
 * @throws ConfigurationError where the URL is none.
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
  // Nodes would connect at their first command, and refuse any other that comes while they do. Only once the cluster is
  // ready: until then a node that is connecting fails the cluster's own check.
  const connectNode = (node: Redis) => {
    if (client.status === 'ready' && node.status === 'wait') node.connect().catch(() => {})
  }
  client.on('ready', () => client.nodes().forEach(connectNode))
  client.on('+node', connectNode)
  return client
}

const REFUSED = /^(NOAUTH|WRONGPASS|NOPERM|ERR invalid password|ERR AUTH)/

/**
 * Connects and waits until the client is ready.
 * The client goes on trying after a failure, and serves commands once it is ready; `disconnect()` gives up.
 * @param timeoutMs milliseconds to wait; refused credentials fail at once.
 * @throws UnavailableError (CACHE_UNAVAILABLE) with the last connection error as its cause.
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
    // Its rejection is the first failed attempt, which an event has told already; the attempts go on.
    if (client.status === 'wait' || client.status === 'end') client.connect().catch(() => {})
  })
  if (client instanceof Cluster) await untilNodesSettle(client, deadline)
}

/** A cluster is ready once it knows its nodes: gives each time to connect. One that is down is no failure of the cluster. */
async function untilNodesSettle(cluster: Cluster, deadline: number): Promise<void> {
  const isConnecting = ({ status }: Redis) =>
    status === 'connecting' || status === 'connect' || status === 'wait'
  while (cluster.nodes('master').some(isConnecting) && Date.now() < deadline) await sleep(5)
}

/**
 * Another connection to the server behind this one, with the same credentials; through Sentinel, to the master that it
 * now names. It does not connect by itself, nor again when it ends: what was set up on it would be gone.
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
