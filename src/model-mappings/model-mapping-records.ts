import { z } from 'zod'
import { MAX_INT } from '../util/int32.js'
import { parseJson } from '../util/text.js'
import { RESOLVED_TO_NOTHING } from './model-cache-key.js'

/** A global model as the cache holds it. It may have been renamed or deleted since. */
export interface CachedGlobalModel {
  readonly id: string
  readonly name: string
  readonly displayName: string | null
}

/** A cached name that the gateway has resolved to a global model. */
export interface ResolvedName {
  readonly name: string
  readonly globalModel: CachedGlobalModel
  readonly ttlSeconds: number | null
}

export type UnmappedStatus = 'NOT_FOUND' | 'INVALID' | 'ERROR'

/** A cached name without a model. */
export interface UnmappedName {
  readonly name: string
  readonly status: UnmappedStatus
  readonly ttlSeconds: number | null
}

/** The names of a global model at one provider. */
export interface ProviderGlobalModel {
  readonly providerId: string
  readonly globalModelId: string
  readonly providerModelName: string
  /** False if the cached row says that the model was switched off at this provider. */
  readonly isActive: boolean
  /** Mapped names at this provider, ordered by priority, without duplicates. */
  readonly aliases: readonly string[]
  readonly ttlSeconds: number | null
}

/** A record as it is parsed: its TTL goes down afterwards. */
export type WithoutTtl<Record> = Omit<Record, 'ttlSeconds'>

const storedGlobalModel = z.object({
  id: z.string(),
  name: z.string(),
  display_name: z.string().nullable().catch(null),
})

const storedModel = z.object({
  provider_model_name: z.string(),
  provider_model_mappings: z.unknown(),
  is_active: z.boolean().catch(true),
})

/** Parses what a name resolves to. @param value null if it is no string */
export function parseResolvedName(
  name: string,
  value: string | null,
): WithoutTtl<ResolvedName> | WithoutTtl<UnmappedName> {
  if (value === null) return { name, status: 'ERROR' }
  if (value === RESOLVED_TO_NOTHING) return { name, status: 'NOT_FOUND' }
  const stored = storedGlobalModel.safeParse(parseJson(value))
  if (!stored.success) return { name, status: 'INVALID' }
  const { id, name: modelName, display_name: displayName } = stored.data
  return { name, globalModel: { id, name: modelName, displayName } }
}

/** Parses a models row; undefined if the value is none. Its ids come from the key, by which it is found and cleared. */
export function parseProviderGlobalModel(
  ids: { readonly providerId: string; readonly globalModelId: string },
  value: string | null,
): WithoutTtl<ProviderGlobalModel> | undefined {
  const stored = storedModel.safeParse(value === null ? undefined : parseJson(value))
  if (!stored.success) return undefined
  return {
    providerId: ids.providerId,
    globalModelId: ids.globalModelId,
    providerModelName: stored.data.provider_model_name,
    isActive: stored.data.is_active,
    aliases: aliasNames(stored.data.provider_model_mappings),
  }
}

/** Parses a counter of uses, 0..2^31-1; 0 if it is no whole number. */
export const parseHits = (value: string | null): number =>
  value !== null && /^\d+$/.test(value) ? Math.min(Number(value), MAX_INT) : 0

const alias = z.object({
  name: z.string().min(1),
  priority: z.number().catch(Number.POSITIVE_INFINITY),
})

/** Returns the names of a `provider_model_mappings` column, lowest priority number first, each once. Ignores invalid ones. */
export function aliasNames(mappings: unknown): readonly string[] {
  if (!Array.isArray(mappings)) return []
  const aliases = mappings.flatMap((item) => {
    const parsed = alias.safeParse(item)
    return parsed.success ? [parsed.data] : []
  })
  aliases.sort((a, b) => (a.priority === b.priority ? 0 : a.priority < b.priority ? -1 : 1))
  return [...new Set(aliases.map(({ name }) => name))]
}
