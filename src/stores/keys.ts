/**
 * The gateway's Redis key formats. No other file knows them: a new family is one addition here.
 * Every component is data: `*`, `?`, `[`, `\`, `/`, spaces and Chinese come back as they went in.
 */
import { InvalidInputError } from '../errors.js'

/** The three components that identify an affinity. */
export interface AffinityIdentity {
  /** API key id, without colons. */
  readonly affinityKey: string
  /** API format, such as `CLAUDE` or `OPENAI_CLI`, without colons. */
  readonly apiFormat: string
  /** A global model id, or a raw model name; may hold colons (`llama3:8b`). */
  readonly modelId: string
}

export const AFFINITY_PREFIX = 'cache_affinity:'

/** Can these components be told apart again? The gateway's format splits on the first two colons. */
export const isAffinityIdentity = ({ affinityKey, apiFormat }: AffinityIdentity): boolean =>
  !affinityKey.includes(':') && !apiFormat.includes(':')

/**
 * The Redis key of an affinity.
 * @throws InvalidInputError where the API key id or the format holds a colon: such a key would name another record.
 */
export function encodeAffinityKey(identity: AffinityIdentity): string {
  if (!isAffinityIdentity(identity)) {
    const field = identity.affinityKey.includes(':') ? 'affinityKey' : 'apiFormat'
    throw new InvalidInputError(`${field} cannot contain a colon.`, field)
  }
  return `${AFFINITY_PREFIX}${identity.affinityKey}:${identity.apiFormat}:${identity.modelId}`
}

/** The components of an affinity's Redis key; undefined where the key is not of that family. */
export function decodeAffinityKey(key: string): AffinityIdentity | undefined {
  if (!key.startsWith(AFFINITY_PREFIX)) return undefined
  const start = AFFINITY_PREFIX.length
  const first = key.indexOf(':', start)
  const second = first < 0 ? -1 : key.indexOf(':', first + 1)
  if (second < 0) return undefined
  return {
    affinityKey: key.slice(start, first),
    apiFormat: key.slice(first + 1, second),
    modelId: key.slice(second + 1),
  }
}

const GLOB_CHARACTERS = /[*?[\]\\]/g

/** A SCAN pattern that matches every key with exactly this prefix: glob characters in it are escaped. */
export const scanPattern = (prefix: string): string => `${prefix.replace(GLOB_CHARACTERS, '\\$&')}*`

/** Hashes of counters that every reporting gateway adds to; they do not expire. */
export const SCHEDULER_STATS_KEY = 'cache_stats:scheduler'
export const AFFINITY_STATS_KEY = 'cache_stats:affinity'

/*
 * The model-mapping caches. Ids hold no colons, names may: a name is always the last component.
 */
export const modelByIdKey = (modelId: string): string => `model:id:${modelId}`

export const modelByProviderGlobalKey = (providerId: string, globalModelId: string): string =>
  `model:provider_global:${providerId}:${globalModelId}`

/** How often the entry above was used: a counter, never counted as a cache entry. */
export const providerGlobalHitsKey = (providerId: string, globalModelId: string): string =>
  `model:provider_global:hits:${providerId}:${globalModelId}`

export const globalModelByIdKey = (globalModelId: string): string => `global_model:id:${globalModelId}`

export const globalModelByNameKey = (name: string): string => `global_model:name:${name}`

export const globalModelResolveKey = (name: string): string => `global_model:resolve:${name}`

/** The families of the model-mapping caches; whatever else begins with `model:` or `global_model:` is not the gateway's. */
export const MODEL_CACHE_FAMILIES = [
  'modelById',
  'modelByProviderGlobal',
  'providerGlobalHits',
  'globalModelById',
  'globalModelByName',
  'globalModelResolve',
] as const
export type ModelCacheFamily = (typeof MODEL_CACHE_FAMILIES)[number]

/** A key of the model-mapping caches, taken apart. */
export type ModelCacheKey =
  | { readonly family: 'modelById'; readonly modelId: string }
  | {
      readonly family: 'modelByProviderGlobal' | 'providerGlobalHits'
      readonly providerId: string
      readonly globalModelId: string
    }
  | { readonly family: 'globalModelById'; readonly globalModelId: string }
  | { readonly family: 'globalModelByName' | 'globalModelResolve'; readonly name: string }

/** A SCAN pattern that all six families match, for one walk of the keyspace; others do, too: decode what it finds. */
export const MODEL_CACHE_PATTERN = '*model:*'

/** The components of a model-mapping key; undefined where the key is of none of the six families. */
export function decodeModelCacheKey(key: string): ModelCacheKey | undefined {
  const [scope, kind, ...rest] = key.split(':')
  const [id = ''] = rest
  const name = rest.join(':')
  if (name === '') return undefined
  switch (`${scope}:${kind}`) {
    case 'model:id':
      return rest.length === 1 ? { family: 'modelById', modelId: id } : undefined
    case 'model:provider_global':
      return decodeProviderGlobal(rest)
    case 'global_model:id':
      return rest.length === 1 ? { family: 'globalModelById', globalModelId: id } : undefined
    case 'global_model:name':
      return { family: 'globalModelByName', name }
    case 'global_model:resolve':
      return { family: 'globalModelResolve', name }
    default:
      return undefined
  }
}

/** `{providerId}:{globalModelId}` is an entry, `hits:{providerId}:{globalModelId}` its counter. */
function decodeProviderGlobal(parts: readonly string[]): ModelCacheKey | undefined {
  const isCounter = parts[0] === 'hits'
  const ids = isCounter ? parts.slice(1) : parts
  const [providerId, globalModelId] = ids
  if (!providerId || !globalModelId || ids.length > 2) return undefined
  return { family: isCounter ? 'providerGlobalHits' : 'modelByProviderGlobal', providerId, globalModelId }
}

/** What stands under a resolve key instead of JSON where no model has that name. */
export const RESOLVED_TO_NOTHING = 'NOT_FOUND'

export const jwtBlacklistKey = (tokenSha256Hex: string): string => `jwt:blacklist:${tokenSha256Hex}`

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Is the model component of a key the id of a global model? Older records carry a raw name there. */
export const isGlobalModelId = (modelId: string): boolean => UUID.test(modelId)
