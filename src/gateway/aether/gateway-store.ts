import { aliasNames } from '../../model-mappings/model-mapping-records.js'
import type { Database } from '../../postgres/database.js'
import type { GatewayStore, OwnedApiKey } from '../gateway-store.js'
import type { ApiKeyRow, EndpointRow, GlobalModelRow, ProviderKeyRow, ProviderRow, UserRow } from '../rows.js'
import { createPairReader, createTableReader } from '../table-reader.js'
import { createNameSearch } from './name-search.js'
import { createSchedulingModesReader } from './scheduling-modes.js'
import {
  API_KEYS,
  ENDPOINTS,
  GLOBAL_MODELS,
  MODELS,
  type ModelRow,
  PROVIDER_KEYS,
  PROVIDERS,
  USERS,
} from './tables.js'

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
  }
}
