import type { AffinityRecord } from '../affinities/affinity-record.js'
import { isGlobalModelId } from '../affinities/affinity-record.js'
import type {
  ApiKeyRow,
  EndpointRow,
  GlobalModelRow,
  ProviderKeyRow,
  ProviderRow,
  UserRow,
} from '../gateway/rows.js'
import type { Loaders } from '../loaders/index.js'

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
  if (key.circuitBreakerOpen) reasons.push('CIRCUIT_OPEN')
  return reasons
}

/** Returns the reasons of a model. Older records have a model name instead of an id; a name without a row is not stale. */
export function modelReasons(modelId: string, model: GlobalModelRow | null): StaleReason[] {
  if (!model) return isGlobalModelId(modelId) ? ['MODEL_DELETED'] : []
  return model.isActive ? [] : ['MODEL_INACTIVE']
}

/** Returns the reasons why the scheduler would not use the pin; without a promise if the loaders are primed. */
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
