import { MAX_INT } from '../util/int32.js'
import { MODEL_CACHE_FAMILIES, type ModelCacheFamily } from './model-cache-key.js'
import {
  type ProviderGlobalModel,
  parseProviderGlobalModel,
  parseResolvedName,
  type ResolvedName,
  type UnmappedName,
  type WithoutTtl,
} from './model-mapping-records.js'
import type { ModelCacheEntry } from './model-mapping-store.js'

/** The families that are entries of the caches. Counters of uses are none; they are read when they are asked for. */
export const ENTRY_FAMILIES = MODEL_CACHE_FAMILIES.filter((family) => family !== 'providerGlobalHits')

/** The number of entries of each family. */
export type FamilyCounts = Readonly<Record<Exclude<ModelCacheFamily, 'providerGlobalHits'>, number>>

/** What the model caches hold at one moment. */
export interface ModelMappings {
  readonly counts: FamilyCounts
  readonly resolved: readonly ResolvedName[]
  readonly unmapped: readonly UnmappedName[]
  readonly providerModels: readonly ProviderGlobalModel[]
  /** Keys of `model:provider_global` whose values are no models row. */
  readonly broken: readonly string[]
}

type Kept =
  | { readonly resolved: WithoutTtl<ResolvedName> }
  | { readonly unmapped: WithoutTtl<UnmappedName> }
  | { readonly providerModel: WithoutTtl<ProviderGlobalModel> | undefined }
  | object

interface Held {
  readonly family: keyof FamilyCounts
  readonly kept: Kept
  /** By `performance.now()`; Infinity if the cache keeps the key for ever. */
  readonly expiresAt: number
}

/** The entries of the model caches in memory, without what nobody asks for. */
export class CachedModels {
  readonly #entries = new Map<string, Held>()

  get size(): number {
    return this.#entries.size
  }

  /** Adds or replaces an entry. @param now `performance.now()` */
  put({ name, key, value, ttlMs }: ModelCacheEntry, now: number): void {
    if (key.family === 'providerGlobalHits') return
    this.#entries.set(name, { family: key.family, kept: keptOf(key, value), expiresAt: now + ttlMs })
  }

  remove(name: string): void {
    this.#entries.delete(name)
  }

  /** Returns the keys whose time is over by now. Only the cache decides whether they are gone. */
  due(now: number): string[] {
    const names: string[] = []
    for (const [name, { expiresAt }] of this.#entries) if (expiresAt <= now) names.push(name)
    return names
  }

  /** Returns what the caches hold now. */
  at(now: number): ModelMappings {
    const counts = countFamilies([])
    const resolved: ResolvedName[] = []
    const unmapped: UnmappedName[] = []
    const providerModels: ProviderGlobalModel[] = []
    const broken: string[] = []
    for (const [name, { family, kept, expiresAt }] of this.#entries) {
      counts[family] += 1
      const ttlSeconds = wholeTtlSeconds(expiresAt - now)
      if ('resolved' in kept) resolved.push({ ...kept.resolved, ttlSeconds })
      else if ('unmapped' in kept) unmapped.push({ ...kept.unmapped, ttlSeconds })
      else if ('providerModel' in kept) {
        if (kept.providerModel) providerModels.push({ ...kept.providerModel, ttlSeconds })
        else broken.push(name)
      }
    }
    return { counts, resolved, unmapped, providerModels, broken }
  }
}

function keptOf(key: ModelCacheEntry['key'], value: string | null): Kept {
  if (key.family === 'modelByProviderGlobal') return { providerModel: parseProviderGlobalModel(key, value) }
  if (key.family !== 'globalModelResolve') return {}
  const parsed = parseResolvedName(key.name, value)
  return 'status' in parsed ? { unmapped: parsed } : { resolved: parsed }
}

/** Rounds a TTL to seconds as Redis does, 0..2^31-1; null if the key does not expire. */
const wholeTtlSeconds = (ms: number): number | null =>
  ms === Number.POSITIVE_INFINITY ? null : Math.min(Math.round(Math.max(ms, 0) / 1_000), MAX_INT)

export function countFamilies(families: Iterable<keyof FamilyCounts>): Record<keyof FamilyCounts, number> {
  const counts = {
    modelById: 0,
    modelByProviderGlobal: 0,
    globalModelById: 0,
    globalModelByName: 0,
    globalModelResolve: 0,
  }
  for (const family of families) counts[family] += 1
  return counts
}
