import type { AffinityRecord } from '../affinities/affinity-record.js'
import type { Context } from '../context.js'
import type {
  ApiKeyRow,
  EndpointRow,
  GlobalModelRow,
  ProviderKeyRow,
  ProviderRow,
  UserRow,
} from '../gateway/rows.js'
import { MAX_INT } from '../util/int32.js'
import { type MaybePromise, whenKnown } from '../util/promises.js'

/** Returns the affinity's id, which is opaque and stays the same while the record exists. */
export const affinityId = (record: AffinityRecord): string => Buffer.from(record.key).toString('base64url')

/** Returns the whole seconds until the record's `expiresAt`, from 0 to GraphQL's largest Int (68 years). */
export const ttlSeconds = (record: AffinityRecord, now: number): number =>
  Math.min(Math.max(0, Math.floor(record.expiresAt - now)), MAX_INT)

export const apiKeyOf = (record: AffinityRecord, { loaders }: Context): MaybePromise<ApiKeyRow | null> =>
  loaders.apiKeys.byId.load(record.affinityKey)

export const userOf = (record: AffinityRecord, context: Context): MaybePromise<UserRow | null> =>
  whenKnown(apiKeyOf(record, context), (key) => (key ? context.loaders.users.load(key.userId) : null))

/** Returns the global model, by its id or by its name, as the record's family has it. */
export const modelOf = (
  record: AffinityRecord,
  { loaders, affinityStore }: Context,
): MaybePromise<GlobalModelRow | null> =>
  affinityStore.families.modelIs(record) === 'name'
    ? loaders.globalModelsNamed.load(record.modelId)
    : loaders.globalModels.load(record.modelId)

export const providerKeyOf = (
  record: AffinityRecord,
  { loaders }: Context,
): MaybePromise<ProviderKeyRow | null> => loaders.providerKeys.load(record.providerKeyId)

/** Returns the global model's name, or the model id of the key if there is no such row. */
export const modelName = (record: AffinityRecord, context: Context): MaybePromise<string> =>
  whenKnown(modelOf(record, context), (model) => model?.name ?? record.modelId)

export const modelDisplayName = (record: AffinityRecord, context: Context): MaybePromise<string> =>
  whenKnown(modelOf(record, context), (model) => model?.displayName ?? record.modelId)

/** Returns the price multiplier of the provider key; 1 if its row has been deleted. */
export const rateMultiplier = (record: AffinityRecord, context: Context): MaybePromise<number> =>
  whenKnown(providerKeyOf(record, context), (key) => key?.rateMultiplier ?? 1)

export const isStandalone = (record: AffinityRecord, context: Context): MaybePromise<boolean> =>
  whenKnown(apiKeyOf(record, context), (key) => key?.isStandalone ?? false)

/** Returns a user's API keys, oldest first. */
export const apiKeysOfUser = (user: UserRow, { loaders }: Context): MaybePromise<readonly ApiKeyRow[]> =>
  whenKnown(loaders.apiKeys.byUser.load(user.id), (keys) => keys ?? [])

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
