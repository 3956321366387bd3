import { z } from 'zod'
import { weakSecrets } from './config/weak-secrets.js'
import { ConfigurationError } from './errors.js'
import type { RedisConfig } from './redis/client.js'
import { parseTrustProxy, TRUST_NOBODY, type TrustProxy } from './server/http/client-address.js'
import { type RequestLimits, readCorsOrigins, readRequestLimits } from './server/limits/limit-settings.js'
import { readTracing, type TracingConfig } from './server/observe/tracing/settings.js'
import { parseAdminTokens, type StaticToken } from './session/static-tokens.js'
import type { Address } from './util/reachability.js'

/** Beside a gateway, on its stores; or embedded, with nothing installed. */
export type ModeConfig =
  | {
      readonly kind: 'gateway'
      readonly databaseUrl: string
      readonly redis: RedisConfig
      readonly encryptionKey: string
      readonly jwtSecretKey: string
    }
  | { readonly kind: 'embedded'; readonly dataDir: string }

export interface Config {
  readonly mode: ModeConfig
  readonly host: string
  readonly port: number
  readonly production: boolean
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
  readonly staticTokens: readonly StaticToken[]
  readonly trustProxy: TrustProxy
  readonly limits: RequestLimits
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
  /** Undefined: no traces. */
  readonly tracing: TracingConfig | undefined
  /** Only registered documents are run; `files` hold further ones. Undefined: every document is. */
  readonly trustedDocuments: { readonly files: readonly string[] } | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

const GATEWAY_VARIABLES = ['DATABASE_URL', 'ENCRYPTION_KEY', 'JWT_SECRET_KEY'] as const
const REDIS_VARIABLES = ['REDIS_URL', 'REDIS_SENTINELS', 'REDIS_CLUSTER_NODES'] as const

const port = z.string().regex(/^\d+$/).transform(Number).pipe(z.number().max(65_535))
const flag = z.enum(['true', 'false']).transform((text) => text === 'true')
const share = z
  .string()
  .regex(/^(\d+\.?\d*|\.\d+)$/)
  .transform(Number)
  .pipe(z.number().max(1))
const onOff = z.enum(['on', 'off']).transform((text) => text === 'on')
const guardSeconds = z
  .string()
  .regex(/^\d+(\.\d+)?$/)
  .transform(Number)
  .pipe(z.number().max(60))
const logLevel = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])

/**
 * Reads the configuration from environment variables; an empty one counts as not set.
 * @throws ConfigurationError with every problem at once, never with a value that may be secret
 */
export function loadConfig(environment: Environment): Config {
  const problems: string[] = []
  const read = (name: string): string | undefined => environment[name]?.trim() || undefined
  const check = <T>(name: string, schema: z.ZodType<T>, fallback: T, expected: string): T => {
    const text = read(name)
    if (text === undefined) return fallback
    const parsed = schema.safeParse(text)
    if (!parsed.success) problems.push(`${name} must be ${expected}; it is ${JSON.stringify(text)}.`)
    return parsed.success ? parsed.data : fallback
  }

  const production = read('NODE_ENV') === 'production'
  const mode = readMode(read, problems)
  if (mode?.kind === 'embedded' && production) {
    problems.push(
      'NODE_ENV=production needs a real gateway: the embedded demo has a known password. Set DATABASE_URL, REDIS_URL, ENCRYPTION_KEY and JWT_SECRET_KEY.',
    )
  }
  if (mode?.kind === 'gateway' && production) problems.push(...weakSecrets(mode))
  const { tokens, problems: tokenProblems } = parseAdminTokens(read('ADMIN_TOKENS') ?? '')
  problems.push(...tokenProblems)

  const config = {
    host: read('HOST') ?? '127.0.0.1',
    port: check('PORT', port, 4_000, 'a port number from 0 to 65535'),
    production,
    logLevel: check('LOG_LEVEL', logLevel, 'info', `one of ${logLevel.options.join(', ')}`),
    staticTokens: tokens,
    trustProxy: readTrustProxy(read('TRUST_PROXY'), problems),
    limits: readRequestLimits(check),
    corsOrigins: readCorsOrigins(read, problems),
    gateways: readGateways(read, problems),
    metricsPublic: check('METRICS_PUBLIC', flag, false, 'true or false'),
    cacheReservationRatio: check('CACHE_RESERVATION_RATIO', share, 0.1, 'a number from 0 to 1'),
    affinityIndex: check('AFFINITY_INDEX', onOff, true, 'on or off'),
    clearGuardSeconds: check('CLEAR_GUARD_SECONDS', guardSeconds, 5, 'a number from 0 to 60'),
    auditSpoolDir: read('AUDIT_SPOOL_DIR') ?? '.data/audit-spool',
    tracing: readTracing(read, problems),
    trustedDocuments: readTrustedDocuments(
      read,
      check('TRUSTED_DOCUMENTS_ONLY', flag, false, 'true or false'),
      problems,
    ),
  }
  if (!mode || problems.length > 0) throw new ConfigurationError(problems)
  return { ...config, mode }
}

type Read = (name: string) => string | undefined

function readMode(read: Read, problems: string[]): ModeConfig | undefined {
  const redisSet = REDIS_VARIABLES.filter(read)
  const missing = GATEWAY_VARIABLES.filter((name) => !read(name))
  if (redisSet.length === 0 && missing.length === GATEWAY_VARIABLES.length) {
    return { kind: 'embedded', dataDir: read('DATA_DIR') ?? '.data' }
  }
  const absent = [...missing, ...(redisSet.length === 0 ? ['REDIS_URL'] : [])]
  if (absent.length > 0) {
    problems.push(
      `To run beside a gateway set ${absent.join(', ')} as well; to run the embedded demo set none of DATABASE_URL, REDIS_URL, ENCRYPTION_KEY and JWT_SECRET_KEY.`,
    )
  }
  const redis = readRedis(read, redisSet, problems)
  const databaseUrl = read('DATABASE_URL')
  if (databaseUrl && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    problems.push('DATABASE_URL must begin with postgresql://.')
  } else if (databaseUrl && !isWholeUrl(databaseUrl)) {
    problems.push(
      'DATABASE_URL is not a valid URL: a special character in the password must be percent-encoded.',
    )
  }
  const encryptionKey = read('ENCRYPTION_KEY')
  const jwtSecretKey = read('JWT_SECRET_KEY')
  if (!databaseUrl || !redis || !encryptionKey || !jwtSecretKey) return undefined
  return { kind: 'gateway', databaseUrl, redis, encryptionKey, jwtSecretKey }
}

function readRedis(read: Read, set: readonly string[], problems: string[]): RedisConfig | undefined {
  if (set.length > 1) {
    problems.push(`Set only one of ${set.join(', ')}.`)
    return undefined
  }
  const url = read('REDIS_URL')
  if (url) {
    if (/^rediss?:\/\//.test(url) && isWholeUrl(url)) return { kind: 'single', url }
    problems.push('REDIS_URL must begin with redis:// or rediss:// and be a valid URL.')
    return undefined
  }
  const credentials = {
    ...(read('REDIS_USERNAME') && { username: read('REDIS_USERNAME') ?? '' }),
    ...(read('REDIS_PASSWORD') && { password: read('REDIS_PASSWORD') ?? '' }),
    ...(read('REDIS_TLS') === 'true' && { tls: {} }),
  }
  const sentinels = readHostPorts('REDIS_SENTINELS', read, problems, 26_379)
  if (sentinels) {
    const name = read('REDIS_SENTINEL_NAME')
    if (!name)
      problems.push('REDIS_SENTINELS needs REDIS_SENTINEL_NAME, the name of the master that they watch.')
    return name ? { kind: 'sentinel', sentinels, name, ...credentials } : undefined
  }
  const nodes = readHostPorts('REDIS_CLUSTER_NODES', read, problems, 6_379)
  return nodes && { kind: 'cluster', nodes, ...credentials }
}

/** False also where `/`, `?` or `#` in a password ends the address too early: its beginning would pass for host and port. */
function isWholeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { username, pathname, search, hash } = new URL(text)
  return !`${pathname}${username ? '' : search}${hash}`.includes('@')
}

/** `host:port,host:port,…`; IPv6 addresses in brackets. */
function readHostPorts(
  name: string,
  read: Read,
  problems: string[],
  defaultPort: number,
): Address[] | undefined {
  const text = read(name)
  if (!text) return undefined
  const places = text.split(',').map((part) => {
    const address = `redis://${part.trim()}`
    const url = URL.canParse(address) ? new URL(address) : undefined
    return url?.hostname
      ? { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPort) }
      : undefined
  })
  const valid = places.filter((place) => place !== undefined)
  if (valid.length === places.length) return valid
  problems.push(`${name} must be host:port, comma-separated.`)
  return undefined
}

function readGateways(read: Read, problems: string[]): Config['gateways'] {
  const text = read('GATEWAY_URLS')
  const token = read('GATEWAY_TOKEN')
  if (!text && !token) return undefined
  if (!text) problems.push('GATEWAY_TOKEN needs GATEWAY_URLS, the gateways that it is for.')
  if (!token) problems.push('GATEWAY_URLS needs GATEWAY_TOKEN, an administrator’s token of these gateways.')
  if (token && !/^[\x21-\x7e]+$/.test(token)) {
    problems.push('GATEWAY_TOKEN must be one word of ASCII characters.')
  }
  // The same gateway twice would be counted twice.
  const urls = new Set(text?.split(',').map(gatewayUrl))
  if (text && urls.has(undefined)) {
    problems.push(
      'GATEWAY_URLS must be http:// or https:// URLs without user, query or fragment, comma-separated.',
    )
  }
  return token ? { urls: [...urls].filter((url) => url !== undefined), token } : undefined
}

function readTrustedDocuments(read: Read, only: boolean, problems: string[]): Config['trustedDocuments'] {
  const files = read('TRUSTED_DOCUMENTS_FILE')
  // Whoever names documents to trust believes that others are refused.
  if (files && !only) problems.push('TRUSTED_DOCUMENTS_FILE needs TRUSTED_DOCUMENTS_ONLY=true.')
  return only ? { files: files?.split(',').map((file) => file.trim()) ?? [] } : undefined
}

function gatewayUrl(text: string): string | undefined {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || /[?#]/.test(text)) {
    return undefined
  }
  return url.href.replace(/\/+$/, '')
}

function readTrustProxy(text: string | undefined, problems: string[]): TrustProxy {
  if (text === undefined) return TRUST_NOBODY
  try {
    return parseTrustProxy(text)
  } catch {
    problems.push(
      'TRUST_PROXY must be a number of proxies, or addresses, ranges and names (loopback, linklocal, uniquelocal), comma-separated.',
    )
    return TRUST_NOBODY
  }
}
