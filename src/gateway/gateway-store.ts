import type { DimensionSets } from '../affinities/affinity-selection.js'
import type { PrismaClient } from '../generated/prisma/client.js'
import type { Database } from '../postgres/database.js'
import { mapDatabaseErrors } from '../postgres/database-errors.js'
import { createNameSearch } from './name-search.js'
import {
  API_KEY_COLUMNS,
  type ApiKeyRow,
  ENDPOINT_COLUMNS,
  type EndpointRow,
  GLOBAL_MODEL_COLUMNS,
  type GlobalModelRow,
  PROVIDER_COLUMNS,
  PROVIDER_KEY_COLUMNS,
  type ProviderKeyRow,
  type ProviderRow,
  type ServingModelRow,
  USER_COLUMNS,
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
  systemConfigs(keys: Ids): Promise<{ key: string; value: unknown }[]>
  /** Users whose id, username or email is exactly this text: at most one of each. */
  usersNamed(text: string): Promise<UserRow[]>
  /** Ids of what has the text in its name (an API key also in its user's id, username or email), whatever its case: two statements. */
  idsNamed(text: string): Promise<DimensionSets>
}

/**
 * Rows by id go past Prisma's client, whose planning costs more than the statement where it is always the same; the
 * rest goes through it.
 */
export function createGatewayStore({ prisma, query }: Pick<Database, 'prisma' | 'query'>): GatewayStore {
  const apiKeys = { name: 'api_keys', columns: API_KEY_COLUMNS }
  const users = { name: 'users', columns: USER_COLUMNS }
  const ownedApiKeys = (condition: string) => {
    const read = createPairReader<ApiKeyRow, UserRow>(query, apiKeys, users, 'user_id', condition)
    return async (ids: Ids): Promise<OwnedApiKey[]> =>
      (await read(ids)).map(({ row, other }) => ({ apiKey: row, owner: other }))
  }
  const usersNamed = createTableReader<UserRow>(
    query,
    users,
    'id = ANY($1) OR username = ANY($1) OR email = ANY($1)',
  )
  return {
    users: createTableReader<UserRow>(query, users),
    apiKeys: createTableReader<ApiKeyRow>(query, apiKeys),
    apiKeysOfUsers: createTableReader<ApiKeyRow>(query, apiKeys, 'user_id = ANY($1)'),
    apiKeysWithOwners: ownedApiKeys('api_keys.id = ANY($1)'),
    apiKeysWithSiblings: ownedApiKeys(
      'api_keys.user_id IN (SELECT user_id FROM api_keys WHERE id = ANY($1))',
    ),
    providers: createTableReader<ProviderRow>(query, { name: 'providers', columns: PROVIDER_COLUMNS }),
    endpoints: createTableReader<EndpointRow>(query, {
      name: 'provider_endpoints',
      columns: ENDPOINT_COLUMNS,
    }),
    providerKeys: createTableReader<ProviderKeyRow>(query, {
      name: 'provider_api_keys',
      columns: PROVIDER_KEY_COLUMNS,
    }),
    globalModels: createTableReader<GlobalModelRow>(query, {
      name: 'global_models',
      columns: GLOBAL_MODEL_COLUMNS,
    }),
    servingModels: (globalModelIds) => mapDatabaseErrors(() => servingModels(prisma, globalModelIds)),
    systemConfigs: (keys) =>
      mapDatabaseErrors(() =>
        prisma.systemConfig.findMany({
          where: { key: { in: [...keys] } },
          select: { key: true, value: true },
        }),
      ),
    usersNamed: (text) => usersNamed([text]),
    idsNamed: createNameSearch(query),
  }
}

type ServingModelColumns = Omit<ServingModelRow, 'provider'> & ProviderRow

/** In SQL of its own: Prisma would read the providers in a second statement. */
async function servingModels(prisma: PrismaClient, globalModelIds: Ids): Promise<ServingModelRow[]> {
  const rows = await prisma.$queryRaw<ServingModelColumns[]>`
    SELECT m.global_model_id AS "globalModelId", m.provider_model_name AS "providerModelName",
      m.provider_model_mappings AS "providerModelMappings",
      p.id, p.name, p.display_name AS "displayName", p.is_active AS "isActive"
    FROM models m JOIN providers p ON p.id = m.provider_id
    WHERE p.is_active AND m.global_model_id = ANY(${[...globalModelIds]})`
  return rows.map(({ globalModelId, providerModelName, providerModelMappings, ...provider }) => ({
    globalModelId,
    providerModelName,
    providerModelMappings,
    provider,
  }))
}
