import type { StaticToken } from './admin-tokens.js'
import { type ModeConfig, readMode, weakSecrets } from './mode.js'
import { createReader, type Environment, type Reader } from './reader.js'

export interface Config {
  readonly mode: ModeConfig
  readonly host: string
  readonly port: number
  readonly production: boolean
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
  readonly staticTokens: readonly StaticToken[]
  /** Trusted proxies: their number, or their addresses, ranges and names. Undefined: no proxy is trusted. */
  readonly trustedProxies: number | readonly string[] | undefined
  readonly limits: {
    /** Largest cost of a viewer's requests in a minute; 0: no limit. */
    readonly viewerCostPerMinute: number
    /** Largest cost of an address's requests without a valid token in a minute; 0: no limit. */
    readonly addressCostPerMinute: number
    /** Longest duration of a query, in seconds; 0: no limit. */
    readonly operationSeconds: number
    /** Largest number of operations in flight; 0: no limit. */
    readonly operations: number
    /** Largest number of open connections; 0: no limit. */
    readonly connections: number
    /** Largest number of open connections of one client network; 0: no limit. */
    readonly connectionsPerNetwork: number
  }
  /** Other web origins whose pages may send requests (CORS). */
  readonly corsOrigins: readonly string[]
  /** The gateway's nodes, which clears and statistics ask over HTTP. */
  readonly gateways:
    | {
        readonly urls: readonly string[]
        readonly token: string | undefined
        readonly tokenFile: string | undefined
      }
    | undefined
  /** True if a clear may write an API key's present name, so that the gateway acts on the clear at once. */
  readonly clearAtOnce: boolean
  /** True if `/metrics` needs no token. */
  readonly metricsPublic: boolean
  /** True if `/metrics` has what the caches earned. */
  readonly usageMetrics: boolean
  /** Share of a provider key's capacity that is kept for pinned requests, 0 to 1. */
  readonly cacheReservationRatio: number
  /** True if affinities are kept in memory. Without the index every request scans the cache. */
  readonly affinityIndex: boolean
  /** Time after a clear during which write-backs are removed again, in seconds, 0 to 60; 0: never. */
  readonly clearGuardSeconds: number
  /** Seconds in which each affinity of the index is compared with the cache once; 0 for never. */
  readonly reconcileSeconds: number
  /** Directory in which audit outcomes wait while the database is down. */
  readonly auditSpoolDir: string
  /** Encoding of the spans that are sent to the collector. Undefined: no traces. */
  readonly tracing: { readonly protocol: 'http/protobuf' | 'http/json' } | undefined
  /** If it is set, only registered documents run; `files` have further ones. Undefined: every document runs. */
  readonly trustedDocuments: { readonly files: readonly string[] } | undefined
}

/**
 * Reads the configuration from environment variables. An empty variable counts as not set.
 * @throws ConfigurationError with all problems at once, and never with a value that may be secret
 */
export function loadConfig(environment: Environment): Config {
  const reader = createReader(environment)
  const { read } = reader
  const production = read('NODE_ENV') === 'production'
  const mode = readMode(reader)
  if (mode?.kind === 'embedded' && production) {
    reader.problem(
      'NODE_ENV=production needs a real gateway: the embedded demo has a known password. Set DATABASE_URL, REDIS_URL, ENCRYPTION_KEY and JWT_SECRET_KEY.',
    )
  }
  if (mode?.kind === 'gateway' && production) weakSecrets(mode).forEach(reader.problem)
  // The demo brings a node of its own.
  const hasNodes = mode?.kind === 'embedded' || reader.isSet('GATEWAY_URLS')
  const config = {
    host: read('HOST'),
    port: read('PORT'),
    production,
    logLevel: read('LOG_LEVEL'),
    staticTokens: read('ADMIN_TOKENS') ?? [],
    trustedProxies: read('TRUST_PROXY'),
    limits: {
      viewerCostPerMinute: read('RATE_LIMIT_VIEWER'),
      addressCostPerMinute: read('RATE_LIMIT_ADDRESS'),
      operationSeconds: read('OPERATION_TIMEOUT_SECONDS'),
      operations: read('MAX_OPERATIONS'),
      connections: read('MAX_CONNECTIONS'),
      connectionsPerNetwork: read('MAX_CONNECTIONS_PER_ADDRESS'),
    },
    corsOrigins: read('CORS_ORIGINS') ?? [],
    gateways: readGateways(reader),
    metricsPublic: read('METRICS_PUBLIC'),
    usageMetrics: read('USAGE_METRICS'),
    cacheReservationRatio: read('CACHE_RESERVATION_RATIO'),
    affinityIndex: read('AFFINITY_INDEX'),
    clearAtOnce: readClearAtOnce(reader, hasNodes),
    clearGuardSeconds: readClearGuard(reader, hasNodes),
    reconcileSeconds: reader.read('RECONCILE_SECONDS'),
    auditSpoolDir: read('AUDIT_SPOOL_DIR'),
    tracing: readTracing(reader),
    trustedDocuments: readTrustedDocuments(reader),
  }
  reader.check()
  // `readMode` reports a problem whenever it returns undefined, and `check` has thrown it.
  if (!mode) throw new Error('The mode is unknown, but no problem was reported.')
  return { ...config, mode }
}

function readGateways({ isSet, read, problem }: Reader): Config['gateways'] {
  const tokens = (['GATEWAY_TOKEN', 'GATEWAY_TOKEN_FILE'] as const).filter(isSet)
  if (tokens.length > 1) problem('Set only one of GATEWAY_TOKEN, GATEWAY_TOKEN_FILE.')
  for (const name of tokens) {
    if (!isSet('GATEWAY_URLS')) problem(`${name} needs GATEWAY_URLS, the gateways that it is for.`)
  }
  const [urls, token, tokenFile] = [read('GATEWAY_URLS'), read('GATEWAY_TOKEN'), read('GATEWAY_TOKEN_FILE')]
  return urls && { urls, token, tokenFile }
}

function readClearAtOnce({ read, problem }: Reader, hasNodes: boolean): boolean {
  const atOnce = read('CLEAR_AT_ONCE')
  if (atOnce && !hasNodes) problem('CLEAR_AT_ONCE needs GATEWAY_URLS, the nodes of the gateway.')
  return atOnce
}

/** If the gateway's memory is cleared as well, what it still writes back is cleared again, which takes a few rounds. */
const GUARD_SECONDS_WITH_NODES = 15

const readClearGuard = ({ isSet, read }: Reader, hasNodes: boolean): number =>
  hasNodes && !isSet('CLEAR_GUARD_SECONDS') ? GUARD_SECONDS_WITH_NODES : read('CLEAR_GUARD_SECONDS')

function readTrustedDocuments({ read, problem }: Reader): Config['trustedDocuments'] {
  const only = read('TRUSTED_DOCUMENTS_ONLY')
  const files = read('TRUSTED_DOCUMENTS_FILE')
  // An operator who registers documents expects all others to be refused.
  if (files && !only) problem('TRUSTED_DOCUMENTS_FILE needs TRUSTED_DOCUMENTS_ONLY=true.')
  return only ? { files: files ?? [] } : undefined
}

/**
 * Decides whether traces are sent, by OpenTelemetry's rules with one exception: if no variable is set, no traces are sent,
 * whereas the standard would try a collector on localhost. If no traces are sent, the other variables are not checked.
 */
function readTracing({ isSet, read }: Reader): Config['tracing'] {
  const endpoints = (['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const).filter(
    isSet,
  )
  if (read('OTEL_SDK_DISABLED')) return undefined
  if (!isSet('OTEL_TRACES_EXPORTER') && endpoints.length === 0) return undefined
  if (read('OTEL_TRACES_EXPORTER') === 'none') return undefined
  endpoints.forEach(read)
  return { protocol: read('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? read('OTEL_EXPORTER_OTLP_PROTOCOL') }
}
