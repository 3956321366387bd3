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
import { bytesOfKey, decodeKey } from '../util/key-bytes.js'
import { type MaybePromise, whenKnown } from '../util/promises.js'

/** Returns the affinity's id, which is opaque and stays the same while the record exists. */
export const affinityId = (record: AffinityRecord): string => bytesOfKey(record.key).toString('base64url')

/** Returns the key of the affinity with this id; undefined if no affinity can have it. */
export function keyOfAffinityId(id: string): string | undefined {
  const bytes = Buffer.from(id, 'base64url')
  // Node.js skips what is no base64url.
  return bytes.length > 0 && bytes.toString('base64url') === id ? decodeKey(bytes) : undefined
}

/** 9999-12-31T23:59:59.999Z in Unix milliseconds: later times have no RFC 3339 form. */
const LAST_DATE_MS = 253_402_300_799_999

/** Returns when the cache removes the record; null if never. */
export const expiryOf = ({ expiresAt }: AffinityRecord): Date | null =>
  expiresAt === Number.POSITIVE_INFINITY
    ? null
    : // The cache counts whole milliseconds: their seconds may be a fraction off.
      new Date(Math.min(Math.round(expiresAt * 1_000), LAST_DATE_MS))

/** Returns the whole seconds until the record's `expiresAt`, from 0 to GraphQL's largest Int (68 years); null if it does not expire. */
export const ttlSeconds = ({ expiresAt }: AffinityRecord, now: number): number | null =>
  expiresAt === Number.POSITIVE_INFINITY ? null : Math.min(Math.max(0, Math.floor(expiresAt - now)), MAX_INT)

export const apiKeyOf = (
  { affinityKey }: Pick<AffinityRecord, 'affinityKey'>,
  { loaders }: Context,
): MaybePromise<ApiKeyRow | null> => loaders.apiKeys.byId.load(affinityKey)

export const userOf = (
  record: Pick<AffinityRecord, 'affinityKey'>,
  context: Context,
): MaybePromise<UserRow | null> =>
  whenKnown(apiKeyOf(record, context), (key) => (key ? context.loaders.users.load(key.userId) : null))

type ModelOfFamily = Pick<AffinityRecord, 'family' | 'modelId'>

/** Returns the global model, by its id or by its name, as the record's family has it. */
export const modelOf = (
  record: ModelOfFamily,
  { loaders, affinityStore }: Context,
): MaybePromise<GlobalModelRow | null> =>
  affinityStore.families.modelIs(record) === 'name'
    ? loaders.globalModelsNamed.load(record.modelId)
    : loaders.globalModels.load(record.modelId)

export const providerKeyOf = (
  pin: Pick<AffinityRecord, 'providerKeyId'>,
  { loaders }: Context,
): MaybePromise<ProviderKeyRow | null> => loaders.providerKeys.load(pin.providerKeyId)

/** Returns the global model's name, or the model id of the key if there is no such row. */
export const modelName = (record: ModelOfFamily, context: Context): MaybePromise<string> =>
  whenKnown(modelOf(record, context), (model) => model?.name ?? record.modelId)

/** Returns the global model's display name; null if the model of the record is no global model. */
export const modelDisplayName = (record: AffinityRecord, context: Context): MaybePromise<string | null> =>
  whenKnown(modelOf(record, context), (model) => model?.displayName ?? null)

/** Returns the price multiplier of the provider key, for the endpoint's format where it has one for each; 1 if its row has been deleted. */
export const rateMultiplier = (record: AffinityRecord, context: Context): MaybePromise<number> =>
  whenKnown(providerKeyOf(record, context), (key) => {
    if (!key) return 1
    if (key.rateMultipliers.length === 0) return key.rateMultiplier
    return whenKnown(
      context.loaders.endpoints.load(record.endpointId),
      (endpoint) =>
        key.rateMultipliers.find(({ apiFormat }) => apiFormat === endpoint?.apiFormat)?.multiplier ??
        key.rateMultiplier,
    )
  })

export const isStandalone = (record: AffinityRecord, context: Context): MaybePromise<boolean> =>
  whenKnown(apiKeyOf(record, context), (key) => key?.isStandalone ?? false)

/** Number of API keys of a user for which the price of a document has room. The viewer pays for more when they are read. */
export const USUAL_API_KEYS = 5

/** Returns a user's API keys, oldest first. */
export const apiKeysOfUser = (user: UserRow, context: Context): MaybePromise<readonly ApiKeyRow[]> =>
  whenKnown(context.loaders.apiKeys.byUser.load(user.id), (keys) => {
    const more = (keys?.length ?? 0) - USUAL_API_KEYS
    return more > 0 ? context.pay(more).then(() => keys ?? []) : (keys ?? [])
  })

export const userOfApiKey = (apiKey: ApiKeyRow, { loaders }: Context): MaybePromise<UserRow | null> =>
  loaders.users.load(apiKey.userId)

export const providerOfEndpoint = (
  endpoint: EndpointRow,
  { loaders }: Context,
): MaybePromise<ProviderRow | null> => loaders.providers.load(endpoint.providerId)

export const endpointOfProviderKey = (
  key: ProviderKeyRow,
  { loaders }: Context,
): MaybePromise<EndpointRow | null> =>
  key.endpointId === null ? null : loaders.endpoints.load(key.endpointId)

/** Returns the provider of a provider key: its own, or that of the endpoint to which it belongs. */
export const providerOfProviderKey = (
  key: ProviderKeyRow,
  context: Context,
): MaybePromise<ProviderRow | null> =>
  key.providerId !== null
    ? context.loaders.providers.load(key.providerId)
    : whenKnown(endpointOfProviderKey(key, context), (endpoint) =>
        endpoint ? providerOfEndpoint(endpoint, context) : null,
      )

/** Returns the API formats that a provider key serves; null if it serves all of its provider's. */
export const apiFormatsOfProviderKey = (
  key: ProviderKeyRow,
  context: Context,
): MaybePromise<readonly string[] | null> =>
  key.apiFormats !== null || key.endpointId === null
    ? key.apiFormats
    : whenKnown(endpointOfProviderKey(key, context), (endpoint) =>
        endpoint?.apiFormat == null ? [] : [endpoint.apiFormat],
      )

/** Returns the mask of a provider key; null if it is no key, or cannot be decrypted. */
export const maskedProviderKey = (key: ProviderKeyRow, { maskStoredKey }: Context): string | null =>
  key.authType === 'api_key' ? maskStoredKey(key.storedKey) : null
