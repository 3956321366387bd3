/** The keys of the model-mapping caches. Ids hold no colons, names may: a name is always the last component. */
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
