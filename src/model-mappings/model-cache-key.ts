/** The keys of the model mappings. Ids contain no colon; a name may contain one, and is always the last component. */
export const modelByIdKey = (modelId: string): string => `model:id:${modelId}`

export const modelByProviderGlobalKey = (providerId: string, globalModelId: string): string =>
  `model:provider_global:${providerId}:${globalModelId}`

/** The key of the counter that says how often the mapping above was used. It does not count as a mapping. */
export const providerGlobalHitsKey = (providerId: string, globalModelId: string): string =>
  `model:provider_global:hits:${providerId}:${globalModelId}`

export const globalModelByIdKey = (globalModelId: string): string => `global_model:id:${globalModelId}`

export const globalModelByNameKey = (name: string): string => `global_model:name:${name}`

export const globalModelResolveKey = (name: string): string => `global_model:resolve:${name}`

/** The families of model-mapping keys. Other keys that begin with `model:` or `global_model:` are not the gateway's. */
export const MODEL_CACHE_FAMILIES = [
  'modelById',
  'modelByProviderGlobal',
  'providerGlobalHits',
  'globalModelById',
  'globalModelByName',
  'globalModelResolve',
] as const
export type ModelCacheFamily = (typeof MODEL_CACHE_FAMILIES)[number]

/** A decoded key of a model mapping. */
export type ModelCacheKey =
  | { readonly family: 'modelById'; readonly modelId: string }
  | {
      readonly family: 'modelByProviderGlobal' | 'providerGlobalHits'
      readonly providerId: string
      readonly globalModelId: string
    }
  | { readonly family: 'globalModelById'; readonly globalModelId: string }
  | { readonly family: 'globalModelByName' | 'globalModelResolve'; readonly name: string }

/**
 * A SCAN pattern that finds all six families in one scan. It also finds other keys, so each must be decoded. The first
 * character is named, so that Redis is done with most keys of others after one look.
 */
export const MODEL_CACHE_PATTERN = '[gm]*odel:*'

/** The beginnings of all keys of the six families, for client tracking. Other keys with these beginnings are few. */
export const MODEL_CACHE_ROOTS: readonly string[] = ['model:id:', 'model:provider_global:', 'global_model:']

/**
 * Decodes the key of a model mapping; undefined if it belongs to none of the six families.
 * @param keyPrefix what stands before every key of the gateway
 */
export function decodeModelCacheKey(key: string, keyPrefix = ''): ModelCacheKey | undefined {
  if (!key.startsWith(keyPrefix)) return undefined
  const [scope, kind, ...rest] = key.slice(keyPrefix.length).split(':')
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

/** Decodes `{providerId}:{globalModelId}`, a mapping, or `hits:{providerId}:{globalModelId}`, its counter of uses. */
function decodeProviderGlobal(parts: readonly string[]): ModelCacheKey | undefined {
  const isCounter = parts[0] === 'hits'
  const ids = isCounter ? parts.slice(1) : parts
  const [providerId, globalModelId] = ids
  if (!providerId || !globalModelId || ids.length > 2) return undefined
  return { family: isCounter ? 'providerGlobalHits' : 'modelByProviderGlobal', providerId, globalModelId }
}

/** The value of a resolve key if no model has that name; otherwise the value is JSON. */
export const RESOLVED_TO_NOTHING = 'NOT_FOUND'
