import type { Database } from '../clients/database.js'
import type { PrismaClient } from '../generated/prisma/client.js'
import type { DimensionSets } from './affinity-selection.js'
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
} from './gateway-rows.js'
import { guardDatabase } from './guard-database.js'
import { createTableReader } from './table-reader.js'

type Ids = readonly string[]

/**
 * The gateway's rows, read only. Each method issues one SQL statement whatever the number of ids, returns the rows
 * that exist in no order, and throws UnavailableError (DATABASE_UNAVAILABLE) when the database does not answer.
 */
export interface GatewayStore {
  users(ids: Ids): Promise<UserRow[]>
  apiKeys(ids: Ids): Promise<ApiKeyRow[]>
  /** Every API key of these users. */
  apiKeysOfUsers(userIds: Ids): Promise<ApiKeyRow[]>
  /** These API keys and every other key of their users. */
  apiKeysWithSiblings(ids: Ids): Promise<ApiKeyRow[]>
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
  findApiKey(id: string): Promise<ApiKeyRow | null>
  /** Ids whose own id or name (a user's username or email as well) contains the text, without regard to case. */
  idsMatching(text: string): Promise<DimensionSets>
}

/** Does a name contain this text, whatever the case of either? */
export const holdsText = (name: string, text: string): boolean => folded(name).includes(folded(text))

// Σ in small letters is ς at the end of a word, and a part of a name may end where the name goes on.
const folded = (text: string): string => text.toLowerCase().replaceAll('ς', 'σ')

/**
 * A LIKE pattern for `text` anywhere. Prisma passes `contains` on as it is, so that `100%_real` would be a pattern:
 * `\`, `%` and `_` are escaped here. A letter outside ASCII may be folded differently by the database's locale,
 * so any such letter matches anything in SQL, and `holdsText` has the last word.
 */
const likeTerm = (text: string): string =>
  text
    .replace(/[\\%_]/g, '\\$&')
    .replace(/[^\p{ASCII}]/gu, (letter) => (letter.toLowerCase() === letter.toUpperCase() ? letter : '%'))

/**
 * Rows by id go past Prisma's client, whose planning costs more than the statement where it is always the same; the
 * rest goes through it.
 */
export function createGatewayStore({ prisma, query }: Pick<Database, 'prisma' | 'query'>): GatewayStore {
  const apiKeys = { name: 'api_keys', columns: API_KEY_COLUMNS }
  return {
    users: createTableReader<UserRow>(query, { name: 'users', columns: USER_COLUMNS }),
    apiKeys: createTableReader<ApiKeyRow>(query, apiKeys),
    apiKeysOfUsers: createTableReader<ApiKeyRow>(query, apiKeys, 'user_id = ANY($1)'),
    apiKeysWithSiblings: createTableReader<ApiKeyRow>(
      query,
      apiKeys,
      'user_id IN (SELECT user_id FROM api_keys WHERE id = ANY($1))',
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
    servingModels: (globalModelIds) => guardDatabase(() => servingModels(prisma, globalModelIds)),
    systemConfigs: (keys) =>
      guardDatabase(() =>
        prisma.systemConfig.findMany({
          where: { key: { in: [...keys] } },
          select: { key: true, value: true },
        }),
      ),
    usersNamed: (text) =>
      guardDatabase(() =>
        prisma.user.findMany({
          where: { OR: [{ id: text }, { username: text }, { email: text }] },
          select: USER_COLUMNS,
        }),
      ),
    findApiKey: (id) =>
      guardDatabase(() => prisma.apiKey.findUnique({ where: { id }, select: API_KEY_COLUMNS })),
    idsMatching: (text) => guardDatabase(() => idsMatching(prisma, text)),
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

async function idsMatching(prisma: PrismaClient, text: string): Promise<DimensionSets> {
  const contains = { contains: likeTerm(text), mode: 'insensitive' } as const
  const matches = (...names: (string | null)[]) =>
    names.some((name) => name !== null && holdsText(name, text))

  const [apiKeys, providers, providerKeys, globalModels] = await Promise.all([
    prisma.apiKey.findMany({
      where: {
        OR: [
          { id: contains },
          { name: contains },
          { user: { OR: [{ id: contains }, { username: contains }, { email: contains }] } },
        ],
      },
      select: { id: true, name: true, user: { select: { id: true, username: true, email: true } } },
    }),
    prisma.provider.findMany({ where: idOrName(contains), select: { id: true, name: true } }),
    prisma.providerKey.findMany({ where: idOrName(contains), select: { id: true, name: true } }),
    prisma.globalModel.findMany({ where: idOrName(contains), select: { id: true, name: true } }),
  ])
  return {
    affinityKey: new Set(
      apiKeys
        .filter(({ id, name, user }) => matches(id, name, user.id, user.username, user.email))
        .map(({ id }) => id),
    ),
    providerId: idSet(providers.filter(({ id, name }) => matches(id, name))),
    providerKeyId: idSet(providerKeys.filter(({ id, name }) => matches(id, name))),
    modelId: idSet(globalModels.filter(({ id, name }) => matches(id, name))),
  }
}

const idOrName = <T>(contains: T) => ({ OR: [{ id: contains }, { name: contains }] })
const idSet = (rows: readonly { id: string }[]) => new Set(rows.map(({ id }) => id))
