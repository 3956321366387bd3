import type { StaticToken } from './admin-tokens.js'
import { type ModeConfig, readMode } from './mode.js'
import { createReader, type Environment, type Reader } from './reader.js'
import { weakSecrets } from './weak-secrets.js'

export interface Config {
  readonly mode: ModeConfig
  readonly host: string
  readonly port: number
  readonly production: boolean
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
  readonly staticTokens: readonly StaticToken[]
  /** How many proxies may name the client, or their addresses, ranges and names. Undefined: none may. */
  readonly trustedProxies: number | readonly string[] | undefined
  readonly limits: {
    /** Cost that a viewer may ask for in a minute; 0: as much as they like. */
    readonly viewerCostPerMinute: number
    /** The same for an address, of all its requests without a valid token. */
    readonly addressCostPerMinute: number
    /** How long a query may take; 0: as long as it does. */
    readonly operationSeconds: number
  }
  /** Other web origins whose pages may ask. */
  readonly corsOrigins: readonly string[]
  /** Gateways whose statistics are asked for over HTTP. */
  readonly gateways: { readonly urls: readonly string[]; readonly token: string } | undefined
  /** Whether `/metrics` needs no token. */
  readonly metricsPublic: boolean
  /** 0 to 1. */
  readonly cacheReservationRatio: number
  /** Whether affinities are kept in memory; where not, every request reads all of them. */
  readonly affinityIndex: boolean
  /** How long cleared records are kept from coming back, in seconds, 0..60; 0: not at all. */
  readonly clearGuardSeconds: number
  /** Where audit outcomes wait while the database is away. */
  readonly auditSpoolDir: string
  /** How spans are encoded for the collector. Undefined: no traces. */
  readonly tracing: { readonly protocol: 'http/protobuf' | 'http/json' } | undefined
  /** Only registered documents are run; `files` hold further ones. Undefined: every document is. */
  readonly trustedDocuments: { readonly files: readonly string[] } | undefined
}

/**
 * Reads the configuration from environment variables; an empty one counts as not set.
 * @throws ConfigurationError with every problem at once, never with a value that may be secret
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
    },
    corsOrigins: read('CORS_ORIGINS') ?? [],
    gateways: readGateways(reader),
    metricsPublic: read('METRICS_PUBLIC'),
    cacheReservationRatio: read('CACHE_RESERVATION_RATIO'),
    affinityIndex: read('AFFINITY_INDEX'),
    clearGuardSeconds: read('CLEAR_GUARD_SECONDS'),
    auditSpoolDir: read('AUDIT_SPOOL_DIR'),
    tracing: readTracing(reader),
    trustedDocuments: readTrustedDocuments(reader),
  }
  reader.check()
  // Without a mode there is a problem, which has been thrown.
  if (!mode) throw new Error('The mode is unknown, and nobody said why.')
  return { ...config, mode }
}

function readGateways({ isSet, read, problem }: Reader): Config['gateways'] {
  const [hasUrls, hasToken] = [isSet('GATEWAY_URLS'), isSet('GATEWAY_TOKEN')]
  if (hasToken && !hasUrls) problem('GATEWAY_TOKEN needs GATEWAY_URLS, the gateways that it is for.')
  if (hasUrls && !hasToken) {
    problem('GATEWAY_URLS needs GATEWAY_TOKEN, an administrator’s token of these gateways.')
  }
  const [urls, token] = [read('GATEWAY_URLS'), read('GATEWAY_TOKEN')]
  return urls && token ? { urls, token } : undefined
}

function readTrustedDocuments({ read, problem }: Reader): Config['trustedDocuments'] {
  const only = read('TRUSTED_DOCUMENTS_ONLY')
  const files = read('TRUSTED_DOCUMENTS_FILE')
  // An operator who names documents to trust believes that others are refused.
  if (files && !only) problem('TRUSTED_DOCUMENTS_FILE needs TRUSTED_DOCUMENTS_ONLY=true.')
  return only ? { files: files ?? [] } : undefined
}

/**
 * Whether traces are sent, by OpenTelemetry's own rules, but for one: with no variable set nothing is sent, where the
 * standard would try a collector on this machine. Variables of a machine that sends no traces are not looked at.
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
