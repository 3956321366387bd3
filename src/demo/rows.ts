import { createHash } from 'node:crypto'
import { createEncrypter } from '../gateway/aether/fernet.js'
import type { Generation } from '../gateway/gateway.js'
import type { RunQuery } from '../gateway/table-reader.js'
import { snakeCase } from '../gateway/table-reader.js'
import { formatOf } from './generations.js'
import { demoId } from './ids.js'
import { DEMO_GLOBAL_MODELS, DEMO_MODELS } from './models.js'
import { DEMO_ADMIN, DEMO_API_KEYS, DEMO_USERS } from './people.js'
import { DEMO_ENDPOINTS, DEMO_PROVIDER_KEYS, DEMO_PROVIDERS } from './upstreams.js'

export interface SeedDemoOptions {
  /** Key that encrypts the demo's keys as the gateway does; the service must have the same one. */
  readonly encryptionKey: string
  /** bcrypt hash of the demo's password. Every account has it, but only the administrator may sign in. */
  readonly passwordHash: string
  /** Whose tables the database has. Default: those of the oldest. */
  readonly generation?: Generation
}

const SEEDED_AT = new Date('2025-09-01T08:00:00Z')
const TIMES = { createdAt: SEEDED_AT, updatedAt: SEEDED_AT }
const DAMAGED_CIPHERTEXT = 'bm90LWEtZmVybmV0LXRva2Vu'

/**
 * Inserts the demo's rows into an embedded database, all or none. If the database has a user already, it only sets the
 * administrator's password, so that a later start keeps all changes since.
 */
export async function seedDemo(query: RunQuery, options: SeedDemoOptions): Promise<void> {
  const { passwordHash, generation = 'ENDPOINT_KEYS' } = options
  if ((await query('SELECT id FROM users LIMIT 1', [])).length > 0) {
    // The password may have changed between versions, and the one in the start banner must work.
    await query('UPDATE users SET password_hash = $1 WHERE id = $2', [passwordHash, DEMO_ADMIN.id])
    return
  }
  const encrypt = createEncrypter(options.encryptionKey)
  await insert(query, {
    users: DEMO_USERS.map((user) => userRow(user, passwordHash)),
    api_keys: DEMO_API_KEYS.map((key) => apiKeyRow(key, encrypt)),
    providers: DEMO_PROVIDERS.map((provider) => providerRow(provider, generation)),
    provider_endpoints: DEMO_ENDPOINTS.map((endpoint) => endpointRow(endpoint, generation)),
    provider_api_keys: DEMO_PROVIDER_KEYS.map((key) => providerKeyRow(key, encrypt, generation)),
    global_models: DEMO_GLOBAL_MODELS.map(globalModelRow),
    models: DEMO_MODELS.map(modelRow),
    system_configs: [
      systemConfigRow('scheduling_mode', 'cache_affinity'),
      systemConfigRow('provider_priority_mode', 'provider'),
    ],
  })
}

/**
 * Inserts the rows of several tables in one statement, which is atomic, and checks foreign keys only at its end. PostgreSQL
 * converts the JSON to the columns' types, and leaves out fields that a table has no column for.
 */
async function insert(query: RunQuery, rows: Readonly<Record<string, readonly object[]>>): Promise<void> {
  const inserts = Object.keys(rows).map(
    (table, index) =>
      `into_${table} AS (INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $${index + 1}::json))`,
  )
  const columns = (row: object) =>
    Object.fromEntries(Object.entries(row).map(([field, value]) => [snakeCase(field), value]))
  const args = Object.values(rows).map((some) => JSON.stringify(some.map(columns)))
  await query(`WITH ${inserts.join(', ')} SELECT 1`, args)
}

const userRow = ({ isAdmin, ...user }: (typeof DEMO_USERS)[number], passwordHash: string) => ({
  ...user,
  passwordHash,
  role: isAdmin ? ('admin' as const) : ('user' as const),
  isDeleted: false,
  ...TIMES,
})

const apiKeyRow = (
  { secret, ...key }: (typeof DEMO_API_KEYS)[number],
  encrypt: (plain: string) => string,
) => ({
  ...key,
  keyHash: createHash('sha256')
    .update(secret ?? key.id)
    .digest('hex'),
  keyEncrypted: secret === undefined ? DAMAGED_CIPHERTEXT : encrypt(secret),
  autoDeleteOnExpiry: false,
  ...TIMES,
})

/** Later generations have no name for display beside the name. */
const providerRow = (provider: (typeof DEMO_PROVIDERS)[number], generation: Generation) => ({
  ...provider,
  ...(generation !== 'ENDPOINT_KEYS' && { name: provider.displayName }),
  billingType: 'pay_as_you_go' as const,
  ...TIMES,
})

/** The parts of the format have columns of their own in the later generations. */
const endpointRow = (endpoint: (typeof DEMO_ENDPOINTS)[number], generation: Generation) => {
  const apiFormat = formatOf(generation, endpoint.apiFormat)
  const [apiFamily, endpointKind] = apiFormat.split(':')
  return { ...endpoint, apiFormat, apiFamily, endpointKind, isActive: true, ...TIMES }
}

const providerKeyRow = (
  { secret, ...key }: (typeof DEMO_PROVIDER_KEYS)[number],
  encrypt: (plain: string) => string,
  generation: Generation,
) => ({
  ...key,
  ...ofProvider(key, generation),
  apiKey: encrypt(secret),
  concurrent_429_count: 0,
  rpm_429_count: 0,
  maxProbeIntervalMinutes: 32,
  isActive: true,
  ...TIMES,
})

/** What a provider key has that belongs to a provider, for one format. */
function ofProvider(
  { endpointId, rateMultiplier, circuitBreakerOpen }: Omit<(typeof DEMO_PROVIDER_KEYS)[number], 'secret'>,
  generation: Generation,
) {
  const endpoint = DEMO_ENDPOINTS.find(({ id }) => id === endpointId)
  const apiFormat = formatOf(generation, endpoint?.apiFormat ?? '')
  return {
    providerId: endpoint?.providerId,
    authType: 'api_key',
    apiFormats: [apiFormat],
    rateMultipliers: { [apiFormat]: rateMultiplier },
    circuitBreakerByFormat: circuitBreakerOpen ? { [apiFormat]: { open: true } } : null,
  }
}

const globalModelRow = (model: (typeof DEMO_GLOBAL_MODELS)[number]) => ({
  ...model,
  defaultTieredPricing: { tiers: [] },
  supportedCapabilities: [],
  usageCount: 0,
  ...TIMES,
})

const modelRow = ({ providerModelMappings, ...model }: (typeof DEMO_MODELS)[number]) => ({
  ...model,
  ...(providerModelMappings && { providerModelMappings: providerModelMappings.map((one) => ({ ...one })) }),
  isActive: true,
  ...TIMES,
})

const systemConfigRow = (key: string, value: string) => ({
  id: demoId('system config', key),
  key,
  value,
  ...TIMES,
})
