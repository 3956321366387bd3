import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AffinityReader } from '../affinities/affinity-reader.js'
import { type AffinityRecord, type Dimension, isGlobalModelId } from '../affinities/affinity-record.js'
import type { DimensionSets } from '../affinities/affinity-selection.js'
import type {
  ApiKeyRow,
  EndpointRow,
  GlobalModelRow,
  ProviderKeyRow,
  ProviderRow,
  UserRow,
} from '../gateway/rows.js'
import type { Loaders } from '../loaders/index.js'
import { type MaybePromise, whenKnown } from '../util/promises.js'

export const STALE_REASONS = [
  'API_KEY_DELETED',
  'API_KEY_INACTIVE',
  'API_KEY_EXPIRED',
  'USER_INACTIVE',
  'PROVIDER_DELETED',
  'PROVIDER_INACTIVE',
  'ENDPOINT_DELETED',
  'ENDPOINT_INACTIVE',
  'PROVIDER_KEY_DELETED',
  'PROVIDER_KEY_INACTIVE',
  'PROVIDER_KEY_EXPIRED',
  'CIRCUIT_OPEN',
  'MODEL_DELETED',
  'MODEL_INACTIVE',
] as const
export type StaleReason = (typeof STALE_REASONS)[number]

const hasExpired = (expiresAt: Date | null, now: number): boolean =>
  expiresAt !== null && expiresAt.getTime() <= now * 1_000

/*
 * Each reason belongs to one id of the record: its API key (with that key's user), provider, endpoint, provider key or
 * model. So the reasons of any number of records follow from those of their distinct ids.
 */

/** @param now Unix seconds */
export function apiKeyReasons(key: ApiKeyRow | null, user: UserRow | null, now: number): StaleReason[] {
  if (!key) return ['API_KEY_DELETED']
  const reasons: StaleReason[] = []
  if (!key.isActive) reasons.push('API_KEY_INACTIVE')
  if (hasExpired(key.expiresAt, now)) reasons.push('API_KEY_EXPIRED')
  if (user && (!user.isActive || user.isDeleted)) reasons.push('USER_INACTIVE')
  return reasons
}

export const providerReasons = (provider: ProviderRow | null): StaleReason[] =>
  !provider ? ['PROVIDER_DELETED'] : provider.isActive ? [] : ['PROVIDER_INACTIVE']

export const endpointReasons = (endpoint: EndpointRow | null): StaleReason[] =>
  !endpoint ? ['ENDPOINT_DELETED'] : endpoint.isActive ? [] : ['ENDPOINT_INACTIVE']

/** @param now Unix seconds */
export function providerKeyReasons(key: ProviderKeyRow | null, now: number): StaleReason[] {
  if (!key) return ['PROVIDER_KEY_DELETED']
  const reasons: StaleReason[] = []
  if (!key.isActive) reasons.push('PROVIDER_KEY_INACTIVE')
  if (hasExpired(key.expiresAt, now)) reasons.push('PROVIDER_KEY_EXPIRED')
  if (key.circuitBreakerOpen) reasons.push('CIRCUIT_OPEN')
  return reasons
}

/** A raw model name of an older record has no row and needs none: only a missing id is a deleted model. */
export function modelReasons(modelId: string, model: GlobalModelRow | null): StaleReason[] {
  if (!model) return isGlobalModelId(modelId) ? ['MODEL_DELETED'] : []
  return model.isActive ? [] : ['MODEL_INACTIVE']
}

/** Why this pin can no longer be honoured; at once where the page's rows have been primed. */
export function staleReasons(
  record: AffinityRecord,
  loaders: Loaders,
  now: number,
): MaybePromise<StaleReason[]> {
  const rows = [
    loaders.apiKeys.byId.load(record.affinityKey),
    loaders.providers.load(record.providerId),
    loaders.endpoints.load(record.endpointId),
    loaders.providerKeys.load(record.providerKeyId),
    loaders.globalModels.load(record.modelId),
  ] as const
  const [apiKey, provider, endpoint, providerKey, model] = rows
  if (
    apiKey instanceof Promise ||
    provider instanceof Promise ||
    endpoint instanceof Promise ||
    providerKey instanceof Promise ||
    model instanceof Promise
  ) {
    return Promise.all(rows).then((loaded) => withUser(...loaded))
  }
  return withUser(apiKey, provider, endpoint, providerKey, model)

  function withUser(
    key: ApiKeyRow | null,
    providerRow: ProviderRow | null,
    endpointRow: EndpointRow | null,
    providerKeyRow: ProviderKeyRow | null,
    modelRow: GlobalModelRow | null,
  ): MaybePromise<StaleReason[]> {
    const rest = [
      ...providerReasons(providerRow),
      ...endpointReasons(endpointRow),
      ...providerKeyReasons(providerKeyRow, now),
      ...modelReasons(record.modelId, modelRow),
    ]
    const user = key ? loaders.users.load(key.userId) : null
    return whenKnown(user, (row) => [...apiKeyReasons(key, row, now), ...rest])
  }
}

/** Ids read by one statement, and looked at in one go: of 1,000,000 records some 100,000 API keys are in use. */
const AT_ONCE = 2_500

/** The ids, of those that live records hold, which make a record stale: six statements, unless ids are very many. */
export async function staleIds(
  affinities: Pick<AffinityReader, 'distinct'>,
  loaders: Loaders,
  now: number,
): Promise<DimensionSets> {
  const { apiKeys, users, providers, endpoints, providerKeys, globalModels } = loaders
  // As they are now: the index's own sets change while rows are read, and each id that came in would be a read of its own.
  const inUse = async (dimension: Dimension): Promise<readonly string[]> => {
    const ids: string[] = []
    const live = await affinities.distinct(dimension)
    live.forEach((id) => {
      ids.push(id)
    })
    return ids
  }
  const staleOf = async (
    dimension: Dimension,
    prime: (ids: readonly string[]) => Promise<void>,
    reasonsOf: (id: string) => MaybePromise<readonly StaleReason[]>,
  ): Promise<ReadonlySet<string>> => {
    const ids = await inUse(dimension)
    const stale = new Set<string>()
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const some = ids.slice(start, start + AT_ONCE)
      await prime(some)
      for (const id of some) {
        const reasons = reasonsOf(id)
        // Primed rows are there at once, and an await for each of 100,000 would keep everybody else waiting.
        if ((reasons instanceof Promise ? await reasons : reasons).length > 0) stale.add(id)
      }
      await nextTurn()
    }
    return stale
  }

  const [affinityKey, providerId, endpointId, providerKeyId, modelId] = await Promise.all([
    staleOf('affinityKey', primeWithOwners, (id) =>
      whenKnown(apiKeys.byId.load(id), (key) =>
        whenKnown(key && users.load(key.userId), (user) => apiKeyReasons(key, user, now)),
      ),
    ),
    staleOf('providerId', providers.prime, (id) => whenKnown(providers.load(id), providerReasons)),
    staleOf('endpointId', endpoints.prime, (id) => whenKnown(endpoints.load(id), endpointReasons)),
    staleOf('providerKeyId', providerKeys.prime, (id) =>
      whenKnown(providerKeys.load(id), (key) => providerKeyReasons(key, now)),
    ),
    staleOf('modelId', globalModels.prime, (id) =>
      whenKnown(globalModels.load(id), (model) => modelReasons(id, model)),
    ),
  ])
  return { affinityKey, providerId, endpointId, providerKeyId, modelId }

  async function primeWithOwners(ids: readonly string[]): Promise<void> {
    await apiKeys.byId.prime(ids)
    const keys = await Promise.all(ids.map((id) => apiKeys.byId.load(id)))
    await users.prime(keys.flatMap((key) => (key ? [key.userId] : [])))
  }
}
