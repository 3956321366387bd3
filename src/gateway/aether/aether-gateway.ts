import { aliasNames } from '../../model-mappings/model-mapping-records.js'
import type { Database } from '../../postgres/database.js'
import { mapDatabaseErrors } from '../../postgres/database-errors.js'
import type {
  AdminAccount,
  AdminDirectory,
  FixedFigures,
  GatewayStore,
  OpenGateway,
  OwnedApiKey,
} from '../gateway.js'
import type {
  ApiKeyRow,
  EndpointRow,
  GlobalModelRow,
  ProviderKeyRow,
  ProviderRow,
  SchedulingModes,
  UserRow,
} from '../rows.js'
import { createPairReader, createTableReader, type RunQuery } from '../table-reader.js'
import { createDecrypter, tryStoredKeys } from './fernet.js'
import { createNameSearch } from './name-search.js'
import { createAetherSchema } from './schema/aether-schema.js'
import {
  ACCOUNTS,
  API_KEYS,
  ENDPOINTS,
  GLOBAL_MODELS,
  MODELS,
  type ModelRow,
  PROVIDER_KEYS,
  PROVIDERS,
  SYSTEM_CONFIGS,
  type SystemConfigRow,
  USERS,
} from './tables.js'

/** Aether, the open-source gateway. Derives the key of its encryption here, once. */
export const createAetherGateway: OpenGateway = (database, { encryptionKey }) => {
  const decrypt = createDecrypter(encryptionKey)
  return {
    schema: createAetherSchema(database),
    store: createGatewayStore(database),
    directory: createAdminDirectory(database),
    figures: AETHER_FIGURES,
    decrypt,
    tryStoredKeys: () => tryStoredKeys(database, decrypt),
  }
}

/** The accounts that may sign in, read from the gateway's users each time: a demotion counts at once. */
export function createAdminDirectory({ query }: Pick<Database, 'query'>): AdminDirectory {
  const byId = createTableReader<AdminAccount>(query, ACCOUNTS)
  const byEmail = createTableReader<AdminAccount>(query, ACCOUNTS, 'email = ANY($1)')
  const ofRole = createTableReader<AdminAccount>(query, ACCOUNTS, 'role::text = ANY($1) LIMIT 1')
  return {
    findById: async (id) => (await byId([id]))[0] ?? null,
    findByEmail: async (email) => (await byEmail([email]))[0] ?? null,
    sampleHash: async () => (await ofRole(['admin']))[0]?.passwordHash,
  }
}

type Ids = readonly string[]

/**
 * Every statement is SQL of its own, past Prisma's client: planning costs more than the statement where it is always the
 * same, and Prisma's models hold only what all generations of the gateway have.
 */
export function createGatewayStore({ query }: Pick<Database, 'query'>): GatewayStore {
  const ownedApiKeys = (condition: string) => {
    const read = createPairReader<ApiKeyRow, UserRow>(query, API_KEYS, USERS, 'user_id', condition)
    return async (ids: Ids): Promise<OwnedApiKey[]> =>
      (await read(ids)).map(({ row, other }) => ({ apiKey: row, owner: other }))
  }
  const servedBy = createPairReader<ModelRow, ProviderRow>(
    query,
    MODELS,
    PROVIDERS,
    'provider_id',
    'providers.is_active AND models.global_model_id = ANY($1)',
  )
  const usersNamed = createTableReader<UserRow>(
    query,
    USERS,
    'id = ANY($1) OR username = ANY($1) OR email = ANY($1)',
  )
  return {
    users: createTableReader<UserRow>(query, USERS),
    apiKeys: createTableReader<ApiKeyRow>(query, API_KEYS),
    apiKeysOfUsers: createTableReader<ApiKeyRow>(query, API_KEYS, 'user_id = ANY($1)'),
    apiKeysWithOwners: ownedApiKeys('api_keys.id = ANY($1)'),
    apiKeysWithSiblings: ownedApiKeys(
      'api_keys.user_id IN (SELECT user_id FROM api_keys WHERE id = ANY($1))',
    ),
    providers: createTableReader<ProviderRow>(query, PROVIDERS),
    endpoints: createTableReader<EndpointRow>(query, ENDPOINTS),
    providerKeys: createTableReader<ProviderKeyRow>(query, PROVIDER_KEYS),
    globalModels: createTableReader<GlobalModelRow>(query, GLOBAL_MODELS),
    globalModelsNamed: createTableReader<GlobalModelRow>(query, GLOBAL_MODELS, 'name = ANY($1)'),
    routingScopes: createRoutingScopesReader(query),
    servingModels: async (globalModelIds) =>
      (await servedBy(globalModelIds)).flatMap(({ row, other }) =>
        other === null
          ? []
          : {
              globalModelId: row.globalModelId,
              names: [row.providerModelName, ...aliasNames(row.providerModelMappings)],
              provider: other,
            },
      ),
    schedulingModes: createSchedulingModesReader(query),
    usersNamed: (text) => usersNamed([text]),
    idsNamed: createNameSearch(query),
  }
}

/** Tables of routing groups, with the columns that name a group and its version. Older gateways have neither. */
const ROUTING_TABLES = [
  { table: 'routing_groups', id: 'id' },
  { table: 'routing_group_versions', id: 'group_id' },
] as const
/** More versions than this are not tried: each is one more hash to look for. */
const MAX_SCOPES = 10_000

/** Reads each routing group with each of its versions, and once without one; none where there are no such tables. */
function createRoutingScopesReader(query: RunQuery): GatewayStore['routingScopes'] {
  const tablesThere = `SELECT ${ROUTING_TABLES.map(({ table }) => `to_regclass('${table}')::text`).join(', ')}`
  return () =>
    mapDatabaseErrors(async () => {
      const [there = []] = await query(tablesThere, [])
      const selects = ROUTING_TABLES.filter((_, index) => there[index] !== null).flatMap(({ table, id }) => [
        `SELECT ${id}::text, version::text FROM ${table}`,
        `SELECT ${id}::text, 'unversioned' FROM ${table}`,
      ])
      if (selects.length === 0) return []
      const rows = await query(`${selects.join(' UNION ')} LIMIT ${MAX_SCOPES}`, [])
      return rows.map(([groupId, version]) => ({ groupId: String(groupId), version: String(version) }))
    })
}

export const AETHER_FIGURES = {
  affinityTtlSeconds: 300,
  modelCacheTtlSeconds: 300,
  dynamicReservation: {
    probePhaseRequests: 100,
    probeReservation: 0.1,
    stableMinReservation: 0.1,
    stableMaxReservation: 0.35,
    lowLoadThreshold: 0.5,
    highLoadThreshold: 0.8,
  },
} as const satisfies FixedFigures

/** Keys of `system_configs`, and what their values may be; the first one is the default. */
const SCHEDULING_MODE = { key: 'scheduling_mode', known: ['cache_affinity', 'fixed_order'] } as const
const PRIORITY_MODE = { key: 'provider_priority_mode', known: ['provider', 'global_key'] } as const

/** The modes, read in one statement; the gateway's default where one is not set, or set to what nobody knows. */
export function createSchedulingModesReader(query: RunQuery): () => Promise<SchedulingModes> {
  const read = createTableReader<SystemConfigRow>(query, SYSTEM_CONFIGS, 'key = ANY($1)')
  return async () => {
    const rows = await read([SCHEDULING_MODE.key, PRIORITY_MODE.key])
    const modeOf = ({ key, known }: typeof SCHEDULING_MODE | typeof PRIORITY_MODE): string => {
      const value = rows.find((row) => row.key === key)?.value
      return known.find((mode) => mode === value) ?? known[0]
    }
    return { schedulingMode: modeOf(SCHEDULING_MODE), priorityMode: modeOf(PRIORITY_MODE) }
  }
}
