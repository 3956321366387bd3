import { join } from 'node:path'
import type { RedisConfig } from '../redis/client.js'
import type { Reader } from './reader.js'
import type { ValueOf } from './variables.js'

/** The service runs beside a gateway on the gateway's stores, or as the embedded demo with stores of its own. */
export type ModeConfig =
  | {
      readonly kind: 'gateway'
      readonly databaseUrl: string
      /** The database that usage rows are read from; undefined: from the gateway's database. */
      readonly usageDatabaseUrl: string | undefined
      /** Number of SQL statements that run at the same time. */
      readonly databasePoolSize: number
      readonly redis: RedisConfig
      /** What stands before every key of the gateway in Redis: nothing, or a name and a colon. */
      readonly keyPrefix: string
      readonly encryptionKey: string
      readonly jwtSecretKey: string
    }
  | {
      readonly kind: 'embedded'
      readonly dataDir: string
      /** Signs the sessions of the demo; without it they end with the process. */
      readonly jwtSecretKey?: string
      /** The generation of the gateway that the demo plays. */
      readonly generation: 'ENDPOINT_KEYS' | 'PROVIDER_KEYS' | 'PROCESS_MEMORY'
    }

const DEMO_GENERATIONS = {
  'endpoint-keys': 'ENDPOINT_KEYS',
  'provider-keys': 'PROVIDER_KEYS',
  'process-memory': 'PROCESS_MEMORY',
} as const

const GATEWAY_VARIABLES = ['DATABASE_URL', 'ENCRYPTION_KEY', 'JWT_SECRET_KEY'] as const
const REDIS_VARIABLES = ['REDIS_URL', 'REDIS_SENTINELS', 'REDIS_CLUSTER_NODES'] as const

/** Reads the mode. Returns undefined if a variable is missing or invalid; the reader then has the problem. */
export function readMode(reader: Reader): ModeConfig | undefined {
  const redisSet = REDIS_VARIABLES.filter(reader.isSet)
  const missing = GATEWAY_VARIABLES.filter((name) => !reader.isSet(name))
  if (redisSet.length === 0) refuseLeftovers(reader)
  if (redisSet.length === 0 && missing.length === GATEWAY_VARIABLES.length) {
    if (reader.isSet('USAGE_DATABASE_URL')) {
      reader.problem('USAGE_DATABASE_URL needs DATABASE_URL, the gateway’s database.')
    }
    const gateway = reader.read('DEMO_GATEWAY')
    const directory = reader.read('DATA_DIR')
    // Each generation has tables of its own, and so a database of its own.
    const dataDir = gateway === 'endpoint-keys' ? directory : join(directory, gateway)
    return { kind: 'embedded', dataDir, generation: DEMO_GENERATIONS[gateway] }
  }
  if (reader.isSet('DEMO_GATEWAY')) {
    reader.problem('DEMO_GATEWAY is for the embedded demo, and a gateway is set.')
  }
  const absent = [...missing, ...(redisSet.length === 0 ? ['REDIS_URL'] : [])]
  if (absent.length > 0) {
    reader.problem(
      `To run beside a gateway set ${absent.join(', ')} as well; to run the embedded demo set none of DATABASE_URL, REDIS_URL, ENCRYPTION_KEY and JWT_SECRET_KEY.`,
    )
  }
  const redis = readRedis(reader, redisSet)
  const databaseUrl = reader.read('DATABASE_URL')
  const databasePoolSize = reader.read('DATABASE_POOL_SIZE')
  const encryptionKey = reader.read('ENCRYPTION_KEY')
  const jwtSecretKey = reader.read('JWT_SECRET_KEY')
  const usageDatabaseUrl = reader.read('USAGE_DATABASE_URL')
  if (!databaseUrl || !redis || !encryptionKey || !jwtSecretKey) return undefined
  const prefix = reader.read('REDIS_KEY_PREFIX')
  const keyPrefix = prefix === undefined ? '' : `${prefix}:`
  return {
    kind: 'gateway',
    databaseUrl,
    usageDatabaseUrl,
    databasePoolSize,
    redis,
    keyPrefix,
    encryptionKey,
    jwtSecretKey,
  }
}

/** Refuses credentials or TLS for Redis without an address of Redis: the demo would start though a gateway was meant. */
function refuseLeftovers(reader: Reader): void {
  const set = (['REDIS_USERNAME', 'REDIS_PASSWORD', 'REDIS_KEY_PREFIX'] as const).filter(reader.isSet)
  for (const name of [...set, ...(reader.read('REDIS_TLS') ? ['REDIS_TLS'] : [])]) {
    reader.problem(`${name} needs REDIS_URL, REDIS_SENTINELS or REDIS_CLUSTER_NODES.`)
  }
  refuseSentinelName(reader)
}

function refuseSentinelName(reader: Reader): void {
  if (reader.isSet('REDIS_SENTINEL_NAME') && !reader.isSet('REDIS_SENTINELS')) {
    reader.problem('REDIS_SENTINEL_NAME needs REDIS_SENTINELS, which watch the master of this name.')
  }
}

function readRedis(
  reader: Reader,
  set: readonly (typeof REDIS_VARIABLES)[number][],
): RedisConfig | undefined {
  if (set.length > 1) {
    reader.problem(`Set only one of ${set.join(', ')}.`)
    return undefined
  }
  refuseSentinelName(reader)
  const url = reader.read('REDIS_URL')
  if (url !== undefined) return readSingle(reader, url)
  const [username, password] = [reader.read('REDIS_USERNAME'), reader.read('REDIS_PASSWORD')]
  const credentials = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(reader.read('REDIS_TLS') && { tls: {} }),
  }
  const sentinels = reader.read('REDIS_SENTINELS')
  if (sentinels) {
    const name = reader.read('REDIS_SENTINEL_NAME')
    if (!name)
      reader.problem('REDIS_SENTINELS needs REDIS_SENTINEL_NAME, the name of the master that they watch.')
    return name ? { kind: 'sentinel', sentinels, name, ...credentials } : undefined
  }
  const nodes = reader.read('REDIS_CLUSTER_NODES')
  return nodes && { kind: 'cluster', nodes, ...credentials }
}

/** Reads `REDIS_URL`. The variables beside it may add to the URL or repeat it, but not contradict it. */
function readSingle({ isSet, read, problem }: Reader, parts: NonNullable<ValueOf<'REDIS_URL'>>): RedisConfig {
  const url = new URL(parts.text)
  for (const [name, part] of [
    ['REDIS_USERNAME', 'username'],
    ['REDIS_PASSWORD', 'password'],
  ] as const) {
    const value = read(name)
    if (value === undefined || value === parts[part]) continue
    if (parts[part] === undefined) url[part] = encodeURIComponent(value)
    else problem(`${name} contradicts REDIS_URL, which has another: set it in one place.`)
  }
  if (isSet('REDIS_TLS') && read('REDIS_TLS') !== parts.isTls) {
    problem('REDIS_TLS contradicts REDIS_URL: rediss:// is with TLS, redis:// is without.')
  }
  return { kind: 'single', url: url.href }
}

/** Matches placeholders from guides and example files, and the keys that this repository's fixtures publish. */
const PLACEHOLDER =
  /change[-_ ]?(this|me)|do[-_ ]?not[-_ ]?use|your[-_ ]?(jwt|secret|encryption|key)|replace[-_ ]?me|^(dev|development|fixture|demo|test|example|default)[-_ ]|^(secret|password|changeit)$/i

/** RFC 7518 requires 256 bits for HS256. A shorter key can be found by brute force. */
const SHORTEST_SIGNING_KEY_BYTES = 32

const isPlaceholder = (secret: string): boolean => PLACEHOLDER.test(secret) || new Set(secret).size < 5

/** Finds the reasons why the secrets are too weak for production. The sentences do not contain the secrets. */
export function weakSecrets(secrets: {
  readonly jwtSecretKey: string
  readonly encryptionKey: string
}): string[] {
  const problems: string[] = []
  if (Buffer.byteLength(secrets.jwtSecretKey) < SHORTEST_SIGNING_KEY_BYTES) {
    problems.push('JWT_SECRET_KEY is shorter than 32 bytes: with NODE_ENV=production that is refused.')
  }
  if (isPlaceholder(secrets.jwtSecretKey)) {
    problems.push(
      'JWT_SECRET_KEY is an example that everybody knows: with NODE_ENV=production that is refused.',
    )
  }
  if (isPlaceholder(secrets.encryptionKey)) {
    problems.push(
      'ENCRYPTION_KEY is an example that everybody knows: with NODE_ENV=production that is refused.',
    )
  }
  return problems
}
