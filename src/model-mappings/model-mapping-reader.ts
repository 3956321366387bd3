import { createChangeFilter } from '../log/change-filter.js'
import { once } from '../util/promises.js'
import { modelByProviderGlobalKey } from './model-cache-key.js'
import {
  type ProviderGlobalModel,
  parseHits,
  parseProviderGlobalModel,
  parseResolvedName,
  type ResolvedName,
  type UnmappedName,
} from './model-mapping-records.js'
import type { FamilyCounts, ModelMappingStore } from './model-mapping-store.js'

export interface ResolvedNames {
  readonly resolved: readonly ResolvedName[]
  readonly unmapped: readonly UnmappedName[]
}

export interface ProviderGlobalModelWithHits extends ProviderGlobalModel {
  /** How often the gateway has used the entry, 0..2^31-1. */
  readonly hitCount: number
}

/**
 * Answers questions about the model-mapping caches as of one request: what several fields ask for is read once.
 * Throws UnavailableError, never answers in part.
 */
export interface ModelMappingReader {
  counts(): Promise<FamilyCounts>
  /** Every cached name, resolved or not. */
  names(): Promise<ResolvedNames>
  /** Every readable entry of a provider and a global model. */
  providerModels(): Promise<readonly ProviderGlobalModelWithHits[]>
}

export interface ModelMappingSource {
  /** A reader for one request. */
  reader(): ModelMappingReader
}

export interface ModelMappingSourceOptions {
  /** Told of the Redis keys that cannot be read as a models row, when they are others than the last time. */
  readonly onBroken: (keys: readonly string[]) => void
}

export function createModelMappingSource(
  store: ModelMappingStore,
  { onBroken }: ModelMappingSourceOptions,
): ModelMappingSource {
  const changes = createChangeFilter()
  const reportBroken = (keys: string[]): void => {
    if (keys.length === 0) changes.ended('keys')
    else if (changes.isNew('keys', keys.sort().join('\n'))) onBroken(keys)
  }

  return {
    reader: () => ({
      counts: once(() => store.countByFamily()),
      names: once(() => readNames(store)),
      providerModels: once(async () => {
        const { models, broken } = await readProviderModels(store)
        reportBroken(broken)
        return models
      }),
    }),
  }
}

async function readNames(store: ModelMappingStore): Promise<ResolvedNames> {
  const resolved: ResolvedName[] = []
  const unmapped: UnmappedName[] = []
  for await (const entries of store.readEntries(['globalModelResolve'])) {
    for (const entry of entries) {
      if (entry.key.family !== 'globalModelResolve') continue
      const parsed = parseResolvedName(entry.key.name, entry)
      if ('status' in parsed) unmapped.push(parsed)
      else resolved.push(parsed)
    }
  }
  return { resolved, unmapped }
}

async function readProviderModels(store: ModelMappingStore) {
  const models: ProviderGlobalModel[] = []
  const broken: string[] = []
  const hits = new Map<string, number>()
  for await (const entries of store.readEntries(['modelByProviderGlobal', 'providerGlobalHits'])) {
    for (const entry of entries) {
      if (!('providerId' in entry.key)) continue
      const name = modelByProviderGlobalKey(entry.key.providerId, entry.key.globalModelId)
      if (entry.key.family === 'providerGlobalHits') {
        hits.set(name, parseHits(entry.value))
        continue
      }
      const parsed = parseProviderGlobalModel(entry.key, entry)
      if (parsed) models.push(parsed)
      else broken.push(name)
    }
  }
  const hitsOf = ({ providerId, globalModelId }: ProviderGlobalModel) =>
    hits.get(modelByProviderGlobalKey(providerId, globalModelId)) ?? 0
  return { models: models.map((model) => ({ ...model, hitCount: hitsOf(model) })), broken }
}
