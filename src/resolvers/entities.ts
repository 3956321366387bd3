import type { Context } from '../context.js'
import type { ApiKeyRow, EndpointRow, ProviderKeyRow, ProviderRow, UserRow } from '../gateway/rows.js'
import type { MaybePromise } from './maybe-promise.js'

/** Returns a user's API keys, oldest first. */
export function apiKeysOfUser(user: UserRow, { loaders }: Context): MaybePromise<readonly ApiKeyRow[]> {
  const keys = loaders.apiKeys.byUser.load(user.id)
  return keys instanceof Promise ? keys.then((rows) => rows ?? []) : (keys ?? [])
}

export const userOfApiKey = (apiKey: ApiKeyRow, { loaders }: Context): MaybePromise<UserRow | null> =>
  loaders.users.load(apiKey.userId)

export const providerOfEndpoint = (
  endpoint: EndpointRow,
  { loaders }: Context,
): MaybePromise<ProviderRow | null> => loaders.providers.load(endpoint.providerId)

export const endpointOfProviderKey = (
  key: ProviderKeyRow,
  { loaders }: Context,
): MaybePromise<EndpointRow | null> => loaders.endpoints.load(key.endpointId)
