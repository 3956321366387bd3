import { aliasNames } from '../../model-mappings/model-mapping-records.js'
import type { Database } from '../../postgres/database.js'
import type { FixedFigures, GatewayStore, OpenGateway, OwnedApiKey } from '../gateway.js'
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
import { createScannedRows } from './scanned-rows.js'
import { createAetherSchema } from './schema/aether-schema.js'
import { createAdminDirectory } from './sign-in.js'
import {
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
    scannedRows: createScannedRows(query),
  }
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
