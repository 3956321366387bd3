import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AffinityReader } from '../affinities/affinity-reader.js'
import { type AffinityRecord, type Dimension, isGlobalModelId } from '../affinities/affinity-record.js'
import type { DimensionSets } from '../affinities/affinity-selection.js'
import type { KeyFamily } from '../affinities/key-family.js'
import type { Context, Readers, SharedRead } from '../context.js'
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
 * Each stale reason depends on one id of the record: its API key (with the key's user), provider, endpoint, provider key or
 * model. So the reasons of many records follow from the reasons of their distinct ids.
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
  if (key.isCircuitOpen) reasons.push('CIRCUIT_OPEN')
  return reasons
}

/** Returns the reasons of a model. Older records have a model name instead of an id; a name without a row is not stale. */
export function modelReasons(modelId: string, model: GlobalModelRow | null): StaleReason[] {
  if (!model) return isGlobalModelId(modelId) ? ['MODEL_DELETED'] : []
  return model.isActive ? [] : ['MODEL_INACTIVE']
}

/** Number of rows that the reasons of one record need: its API key with its owner, provider, endpoint, provider key and model. */
export const STALE_ROWS = 6

/**
 * Returns the reasons why the scheduler would not use the pin; without a promise if the loaders are primed.
 * @param modelIs what the record's model is: a name without a row is not stale, so no row is read for it
 */
export function staleReasons(
  record: AffinityRecord,
  loaders: Loaders,
  now: number,
  modelIs: KeyFamily['modelIs'] = 'id',
): MaybePromise<StaleReason[]> {
  const rows = [
    loaders.apiKeys.byId.load(record.affinityKey),
    loaders.providers.load(record.providerId),
    loaders.endpoints.load(record.endpointId),
    loaders.providerKeys.load(record.providerKeyId),
    modelIs === 'id' ? loaders.globalModels.load(record.modelId) : null,
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

/** Number of ids in one statement and in one turn of the event loop. A million records use about 100,000 API keys. */
const AT_ONCE = 2_500

/** Ids that make a record stale, with the readers that found them. */
export interface StaleIds {
  readonly ids: DimensionSets
  readonly readers: Readers
}

const NAMED_DIMENSIONS = ['affinityKey', 'providerId', 'endpointId', 'providerKeyId', 'modelId'] as const

/** The read of the ids in live records that make a record stale: a row of each id in use, and the owner of each API key. */
export const staleRead = ({ affinitySizes, now }: Context): SharedRead<StaleIds> => ({
  question: 'stale ids',
  size: () =>
    NAMED_DIMENSIONS.reduce((sum, dimension) => sum + affinitySizes.values(dimension), 0) +
    affinitySizes.values('affinityKey'),
  run: async (readers) => ({ ids: await staleIds(readers.affinities, readers.loaders, now()), readers }),
})

/**
 * Finds the ids in live records that make a record stale, one table after the other. It needs six statements, or more if there are over 2,500 ids of a
 * kind.
 */
export async function staleIds(
  affinities: Pick<AffinityReader, 'distinct'>,
  loaders: Loaders,
  now: number,
): Promise<DimensionSets> {
  const { apiKeys, users, providers, endpoints, providerKeys, globalModels } = loaders
  // A copy, since the index changes its sets while rows are read, and each new id would be a statement of its own.
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
        // Primed rows need no await. An await for each of 100,000 ids would block the event loop for others.
        if ((reasons instanceof Promise ? await reasons : reasons).length > 0) stale.add(id)
      }
      await nextTurn()
    }
    return stale
  }

  const affinityKey = await staleOf('affinityKey', primeWithOwners, (id) =>
    whenKnown(apiKeys.byId.load(id), (key) =>
      whenKnown(key && users.load(key.userId), (user) => apiKeyReasons(key, user, now)),
    ),
  )
  const providerId = await staleOf('providerId', providers.prime, (id) =>
    whenKnown(providers.load(id), providerReasons),
  )
  const endpointId = await staleOf('endpointId', endpoints.prime, (id) =>
    whenKnown(endpoints.load(id), endpointReasons),
  )
  const providerKeyId = await staleOf('providerKeyId', providerKeys.prime, (id) =>
    whenKnown(providerKeys.load(id), (key) => providerKeyReasons(key, now)),
  )
  const modelId = await staleOf('modelId', globalModels.prime, (id) =>
    whenKnown(globalModels.load(id), (model) => modelReasons(id, model)),
  )
  return { affinityKey, providerId, endpointId, providerKeyId, modelId }

  async function primeWithOwners(ids: readonly string[]): Promise<void> {
    await apiKeys.byId.prime(ids)
    const keys = await Promise.all(ids.map((id) => apiKeys.byId.load(id)))
    await users.prime(keys.flatMap((key) => (key ? [key.userId] : [])))
  }
}
