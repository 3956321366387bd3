import type { Loaders } from '../loaders/index.js'
import type { AffinityReader } from '../stores/affinity-reader.js'
import type { AffinityRecord } from '../stores/affinity-record.js'
import type { Dimension, DimensionSets } from '../stores/affinity-selection.js'
import type {
  ApiKeyRow,
  EndpointRow,
  GlobalModelRow,
  ProviderKeyRow,
  ProviderRow,
  UserRow,
} from '../stores/gateway-rows.js'
import { isGlobalModelId } from '../stores/keys.js'

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
): StaleReason[] | Promise<StaleReason[]> {
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
  ): StaleReason[] | Promise<StaleReason[]> {
    const rest = [
      ...providerReasons(providerRow),
      ...endpointReasons(endpointRow),
      ...providerKeyReasons(providerKeyRow, now),
      ...modelReasons(record.modelId, modelRow),
    ]
    const user = key ? loaders.users.load(key.userId) : null
    return user instanceof Promise
      ? user.then((row) => [...apiKeyReasons(key, row, now), ...rest])
      : [...apiKeyReasons(key, user, now), ...rest]
  }
}

/** The ids, of those that live records hold, which make a record stale: five statements, however many records. */
export async function staleIds(
  affinities: Pick<AffinityReader, 'distinct'>,
  loaders: Loaders,
  now: number,
): Promise<DimensionSets> {
  // As they are now: the index's own sets change while rows are read, and each id that came in would be a read of its own.
  const inUse = async (dimension: Dimension) => new Set(await affinities.distinct(dimension))
  const [apiKeyIds, providerIds, endpointIds, providerKeyIds, modelIds] = await Promise.all([
    inUse('affinityKey'),
    inUse('providerId'),
    inUse('endpointId'),
    inUse('providerKeyId'),
    inUse('modelId'),
  ])
  await Promise.all([
    loaders.apiKeys.byId.prime(apiKeyIds),
    loaders.providers.prime(providerIds),
    loaders.endpoints.prime(endpointIds),
    loaders.providerKeys.prime(providerKeyIds),
    loaders.globalModels.prime(modelIds),
  ])
  const keys = await Promise.all([...apiKeyIds].map((id) => loaders.apiKeys.byId.load(id)))
  await loaders.users.prime(keys.flatMap((key) => (key ? [key.userId] : [])))

  return {
    affinityKey: await idsWhere(apiKeyIds, async (id) => {
      const key = await loaders.apiKeys.byId.load(id)
      return apiKeyReasons(key, key && (await loaders.users.load(key.userId)), now)
    }),
    providerId: await idsWhere(providerIds, async (id) => providerReasons(await loaders.providers.load(id))),
    endpointId: await idsWhere(endpointIds, async (id) => endpointReasons(await loaders.endpoints.load(id))),
    providerKeyId: await idsWhere(providerKeyIds, async (id) =>
      providerKeyReasons(await loaders.providerKeys.load(id), now),
    ),
    modelId: await idsWhere(modelIds, async (id) => modelReasons(id, await loaders.globalModels.load(id))),
  }
}

async function idsWhere(
  ids: ReadonlySet<string>,
  reasonsOf: (id: string) => Promise<StaleReason[]>,
): Promise<ReadonlySet<string>> {
  const stale = new Set<string>()
  for (const id of ids) if ((await reasonsOf(id)).length > 0) stale.add(id)
  return stale
}
