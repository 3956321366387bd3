import type { DimensionSets } from '../affinities/affinity-selection.js'
import type { Database } from '../postgres/database.js'
import { createNameSearch } from './aether/name-search.js'
import {
  API_KEYS,
  type ApiKeyRow,
  ENDPOINTS,
  type EndpointRow,
  GLOBAL_MODELS,
  type GlobalModelRow,
  MODELS,
  PROVIDER_KEYS,
  PROVIDERS,
  type ProviderKeyRow,
  type ProviderRow,
  type ServingModelRow,
  SYSTEM_CONFIGS,
  type SystemConfigRow,
  USERS,
  type UserRow,
} from './rows.js'
import { createPairReader, createTableReader } from './table-reader.js'

type Ids = readonly string[]

export interface OwnedApiKey {
  readonly apiKey: ApiKeyRow
  /** Null where the user's row has been deleted. */
  readonly owner: UserRow | null
}

/**
 * The gateway's rows, read only. Each method but `idsNamed` issues one SQL statement whatever the number of ids, returns the rows
 * that exist in no order, and throws UnavailableError (DATABASE_UNAVAILABLE) when the database does not answer.
 */
export interface GatewayStore {
  users(ids: Ids): Promise<UserRow[]>
  apiKeys(ids: Ids): Promise<ApiKeyRow[]>
  /** Every API key of these users. */
  apiKeysOfUsers(userIds: Ids): Promise<ApiKeyRow[]>
  apiKeysWithOwners(ids: Ids): Promise<OwnedApiKey[]>
  /** These API keys and every other key of their users. */
  apiKeysWithSiblings(ids: Ids): Promise<OwnedApiKey[]>
  providers(ids: Ids): Promise<ProviderRow[]>
  endpoints(ids: Ids): Promise<EndpointRow[]>
  providerKeys(ids: Ids): Promise<ProviderKeyRow[]>
  globalModels(ids: Ids): Promise<GlobalModelRow[]>
  /** The models by which active providers serve these global models. */
  servingModels(globalModelIds: Ids): Promise<ServingModelRow[]>
  /** Values of `system_configs` by key. */
  systemConfigs(keys: Ids): Promise<SystemConfigRow[]>
  /** Users whose id, username or email is exactly this text: at most one of each. */
  usersNamed(text: string): Promise<UserRow[]>
  /** Ids of what has the text in its name (an API key also in its user's id, username or email), whatever its case: two statements. */
  idsNamed(text: string): Promise<DimensionSets>
}

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
  const servedBy = createPairReader<Omit<ServingModelRow, 'provider'>, ProviderRow>(
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
        other === null ? [] : { ...row, provider: other },
      ),
    systemConfigs: createTableReader<SystemConfigRow>(query, SYSTEM_CONFIGS, 'key = ANY($1)'),
    usersNamed: (text) => usersNamed([text]),
    idsNamed: createNameSearch(query),
  }
}
