import type { GatewayRows, OwnedApiKey } from '../gateway/gateway.js'
import type {
  ApiKeyRow,
  EndpointRow,
  GlobalModelRow,
  ProviderKeyRow,
  ProviderRow,
  SchedulingModes,
  ServingModelRow,
  UserRow,
} from '../gateway/rows.js'
import { once } from '../util/promises.js'
import { byId, createEntityLoader, type EntityLoader } from './entity-loader.js'
import { createVerdictLoader, type SupersededEpochs, type VerdictLoader } from './verdicts.js'

export interface ApiKeyLoaders {
  readonly byId: EntityLoader<ApiKeyRow>
  /** A user's keys, oldest first. */
  readonly byUser: EntityLoader<readonly ApiKeyRow[]>
  /** Fetches these keys and their users in one statement, for both loaders. Never rejects. */
  primeWithOwners(ids: Iterable<string>): Promise<void>
  /** Fetches these keys, their users and all other keys of those in one statement, for all loaders. Never rejects. */
  primeWithSiblings(ids: Iterable<string>): Promise<void>
}

/**
 * Every loader of one request. Made anew for each: a row is never older than the request that shows it. Only the later pages of
 * a walk share rows of some seconds, see walk-rows.ts.
 */
export interface Loaders {
  readonly users: EntityLoader<UserRow>
  readonly apiKeys: ApiKeyLoaders
  readonly providers: EntityLoader<ProviderRow>
  readonly endpoints: EntityLoader<EndpointRow>
  readonly providerKeys: EntityLoader<ProviderKeyRow>
  readonly globalModels: EntityLoader<GlobalModelRow>
  /** Global models by a name that leads to them: their own, or a provider's. */
  readonly globalModelsNamed: EntityLoader<GlobalModelRow>
  /** The names that lead to a global model, by its id; a name that is another one's own belongs to that one. */
  readonly namesOfGlobalModels: EntityLoader<ReadonlySet<string>>
  /** Which active providers serve a global model, and under which names; by global model id. */
  readonly models: EntityLoader<readonly ServingModelRow[]>
  /** What the gateway's scheduler would do with pins. */
  readonly verdicts: VerdictLoader
  readonly supersededEpochs: SupersededEpochs
  /** Reads them when a field first asks for them, and then once. */
  schedulingModes(): Promise<SchedulingModes>
}

export function createLoaders(
  gateway: GatewayRows,
  readSuperseded: SupersededEpochs = async () => [],
): Loaders {
  const supersededEpochs = once(readSuperseded)
  const users = rowsById((ids) => gateway.users(ids))
  return {
    users,
    apiKeys: createApiKeyLoaders(gateway, users),
    providers: rowsById((ids) => gateway.providers(ids)),
    endpoints: rowsById((ids) => gateway.endpoints(ids)),
    providerKeys: rowsById((ids) => gateway.providerKeys(ids)),
    globalModels: rowsById((ids) => gateway.globalModels(ids)),
    globalModelsNamed: createEntityLoader(
      async (names) =>
        new Map((await gateway.globalModelsNamed(names)).map(({ name, model }) => [name, model])),
    ),
    namesOfGlobalModels: createEntityLoader(async (ids) => {
      const names = await gateway.namesOfGlobalModels(ids)
      const byModel = new Map<string, Set<string>>(ids.map((id) => [id, new Set()]))
      if (names.length === 0) return byModel
      for (const { name, model } of await gateway.globalModelsNamed(names)) byModel.get(model.id)?.add(name)
      return byModel
    }),
    models: createEntityLoader(async (globalModelIds) => {
      const models = new Map<string, ServingModelRow[]>(globalModelIds.map((id) => [id, []]))
      for (const row of await gateway.servingModels(globalModelIds)) models.get(row.globalModelId)?.push(row)
      return models
    }),
    verdicts: createVerdictLoader(gateway, supersededEpochs),
    supersededEpochs,
    schedulingModes: once(() => gateway.schedulingModes()),
  }
}

/** Lets loaders use the rows that others have read. */
export function adoptRows(loaders: Loaders, others: Loaders): void {
  loaders.users.adopt(others.users)
  loaders.apiKeys.byId.adopt(others.apiKeys.byId)
  loaders.providers.adopt(others.providers)
  loaders.endpoints.adopt(others.endpoints)
  loaders.providerKeys.adopt(others.providerKeys)
  loaders.globalModels.adopt(others.globalModels)
  loaders.globalModelsNamed.adopt(others.globalModelsNamed)
  loaders.verdicts.adopt(others.verdicts)
}

/** Lets go of all rows, when a request is answered. */
export function forgetRows(loaders: Loaders): void {
  for (const loader of [
    loaders.users,
    loaders.apiKeys.byId,
    loaders.apiKeys.byUser,
    loaders.providers,
    loaders.endpoints,
    loaders.providerKeys,
    loaders.globalModels,
    loaders.globalModelsNamed,
    loaders.namesOfGlobalModels,
    loaders.models,
    loaders.verdicts,
  ])
    loader.forget()
}

const rowsById = <Row extends { id: string }>(
  read: (ids: readonly string[]) => Promise<readonly Row[]>,
): EntityLoader<Row> => createEntityLoader(async (ids) => byId(await read(ids)))

function createApiKeyLoaders(gateway: GatewayRows, users: EntityLoader<UserRow>): ApiKeyLoaders {
  let reach: 'alone' | 'owners' | 'siblings' = 'alone'
  const byUser = createEntityLoader<readonly ApiKeyRow[]>(async (userIds) => {
    const keys = groupByUser(await gateway.apiKeysOfUsers(userIds))
    return new Map(userIds.map((id) => [id, keys.get(id) ?? []] as const))
  })
  const keepOwners = (owned: readonly OwnedApiKey[]): ApiKeyRow[] =>
    owned.map(({ apiKey, owner }) => {
      users.set(apiKey.userId, owner)
      return apiKey
    })
  const byKeyId = createEntityLoader<ApiKeyRow>(async (ids) => {
    if (reach === 'alone') return byId(await gateway.apiKeys(ids))
    if (reach === 'owners') return byId(keepOwners(await gateway.apiKeysWithOwners(ids)))
    const rows = keepOwners(await gateway.apiKeysWithSiblings(ids))
    for (const [userId, keys] of groupByUser(rows)) byUser.set(userId, keys)
    return byId(rows)
  })
  const primeWith = (wanted: typeof reach) => async (ids: Iterable<string>) => {
    reach = wanted
    await byKeyId.prime(ids)
    reach = 'alone'
  }
  return {
    byId: byKeyId,
    byUser,
    primeWithOwners: primeWith('owners'),
    primeWithSiblings: primeWith('siblings'),
  }
}

function groupByUser(rows: readonly ApiKeyRow[]): Map<string, ApiKeyRow[]> {
  const groups = new Map<string, ApiKeyRow[]>()
  for (const row of [...rows].sort(byAge)) {
    const group = groups.get(row.userId)
    if (group) group.push(row)
    else groups.set(row.userId, [row])
  }
  return groups
}

const byAge = (a: ApiKeyRow, b: ApiKeyRow): number =>
  a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1)
