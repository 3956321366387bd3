import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  decodeModelCacheKey,
  globalModelByIdKey,
  globalModelByNameKey,
  globalModelResolveKey,
  MODEL_CACHE_FAMILIES,
  type ModelCacheFamily,
  modelByIdKey,
  modelByProviderGlobalKey,
  providerGlobalHitsKey,
} from '../../src/model-mappings/model-cache-key.js'
import type { ModelCacheEntry, ModelMappingStore } from '../../src/model-mappings/model-mapping-store.js'

/** A running backend with the means to put anything into it, as a gateway or a stranger would. */
export interface Backend {
  readonly store: ModelMappingStore
  /** Stores a string; without `ttlSeconds` it stays. */
  put(key: string, value: string, ttlSeconds?: number): Promise<void>
  /** Stores a value of another type than a string. */
  putHash(key: string): Promise<void>
  clear(): Promise<void>
  stop(): Promise<void>
}

export async function readEntries(
  store: ModelMappingStore,
  families: readonly ModelCacheFamily[] = MODEL_CACHE_FAMILIES,
): Promise<ModelCacheEntry[]> {
  const entries: ModelCacheEntry[] = []
  for await (const batch of store.readEntries(families)) entries.push(...batch)
  return entries
}

export async function allKeys(store: ModelMappingStore): Promise<string[]> {
  const keys: string[] = []
  for await (const batch of store.allKeys()) keys.push(...batch)
  return keys.sort()
}

/** One key of each family, as the gateway writes them. */
export const EACH_FAMILY: Readonly<Record<ModelCacheFamily, string>> = {
  modelById: modelByIdKey('m-1'),
  modelByProviderGlobal: modelByProviderGlobalKey('p-1', 'g-1'),
  providerGlobalHits: providerGlobalHitsKey('p-1', 'g-1'),
  globalModelById: globalModelByIdKey('g-1'),
  globalModelByName: globalModelByNameKey('gpt-5'),
  globalModelResolve: globalModelResolveKey('gpt-5'),
}

/** Keys of others that look alike. */
export const FOREIGN = [
  'model',
  'model:',
  'model:someone-elses',
  'model:id',
  'model:id:',
  'model:id:a:b',
  'model:ids:a',
  'model:provider_global',
  'model:provider_global:x',
  'model:provider_global::g-1',
  'model:provider_global:p-1:',
  'model:provider_global:p-1:g-1:more',
  'model:provider_global:hits',
  'model:provider_global:hits:p-1',
  'model:provider_global:hits:p-1:',
  'model:provider_global:hits:p-1:g-1:more',
  'global_model:other:thing',
  'global_model:id:a:b',
  'global_model:id:',
  'global_model:name',
  'global_model:name:',
  'global_model:resolve:',
  'Global_model:name:gpt-5',
  'another_model:id:m-1',
  'my_global_model:resolve:gpt-5',
  ' model:id:m-1',
  'cache_affinity:a:OPENAI:model:id:m-1',
] as const

export const WEIRD_NAMES = [
  'weird*[a-z]?\\name',
  'qwen*',
  '模型/一',
  'llama3:8b',
  'hits:p:g',
  'a b\nc',
  '__proto__',
  ':',
]

const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).map((text) => text.replaceAll(':', '_'))
const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 })

/** What every store of model mappings does, whatever it stores in. */
export function modelMappingStoreContract(start: () => Promise<Backend>): void {
  describe('as every store of them', () => {
    let backend: Backend
    beforeAll(async () => {
      backend = await start()
    })
    beforeEach(() => backend.clear())
    afterAll(() => backend.stop())

    it('reads nothing where there is nothing', async () => {
      expect(await readEntries(backend.store)).toEqual([])
      expect(await allKeys(backend.store)).toEqual([])
    })

    it('reads only the families that it is asked for', async () => {
      for (const [family, key] of Object.entries(EACH_FAMILY)) await backend.put(key, `value of ${family}`)
      for (const family of MODEL_CACHE_FAMILIES) {
        expect(await readEntries(backend.store, [family])).toEqual([
          {
            name: EACH_FAMILY[family],
            key: decodeModelCacheKey(EACH_FAMILY[family]),
            value: `value of ${family}`,
            ttlMs: Number.POSITIVE_INFINITY,
          },
        ])
      }
      const two = await readEntries(backend.store, ['modelById', 'globalModelResolve'])
      expect(two.map(({ key }) => key.family).sort()).toEqual(['globalModelResolve', 'modelById'])
    })

    it('names the keys of all six', async () => {
      for (const key of Object.values(EACH_FAMILY)) await backend.put(key, '')
      await backend.put(globalModelResolveKey('gpt-6'), 'NOT_FOUND')
      const keys = [...Object.values(EACH_FAMILY), globalModelResolveKey('gpt-6')]
      expect(await allKeys(backend.store)).toEqual(keys.sort())
    })

    it('never reads or names a stranger’s key', async () => {
      for (const key of FOREIGN) await backend.put(key, 'keep me')
      expect(await readEntries(backend.store)).toEqual([])
      expect(await allKeys(backend.store)).toEqual([])
      expect(await backend.store.read(FOREIGN)).toEqual([])
    })

    it('gives names back as they went in', async () => {
      for (const weird of WEIRD_NAMES) await backend.put(globalModelResolveKey(weird), weird)
      const entries = await readEntries(backend.store, ['globalModelResolve'])
      expect(entries.map(({ value }) => value).sort()).toEqual([...WEIRD_NAMES].sort())
      for (const { key, value } of entries) expect(key).toEqual({ family: 'globalModelResolve', name: value })
    })

    it('tells the remaining milliseconds, which never end for a key that stays', async () => {
      await backend.put(globalModelResolveKey('for 5 minutes'), '', 300)
      await backend.put(globalModelResolveKey('for ever'), '')
      await backend.put(globalModelResolveKey('for a million years'), '', 31_536_000_000_000)
      const entries = await readEntries(backend.store)
      const ttls = new Map(entries.map(({ key, ttlMs }) => ['name' in key && key.name, ttlMs]))
      expect(ttls.get('for 5 minutes')).toBeGreaterThan(290_000)
      expect(ttls.get('for 5 minutes')).toBeLessThanOrEqual(300_000)
      expect(ttls.get('for ever')).toBe(Number.POSITIVE_INFINITY)
      expect(ttls.get('for a million years')).toBeGreaterThan(31_535_999_000_000_000)
    })

    it('says null for the value of a key of another type, and reads the others', async () => {
      await backend.putHash(globalModelResolveKey('a hash'))
      await backend.put(globalModelResolveKey('empty'), '')
      const entries = await readEntries(backend.store)
      expect(entries.map(({ key, value }) => ['name' in key && key.name, value]).sort()).toEqual([
        ['a hash', null],
        ['empty', ''],
      ])
    })

    it('reads keys by their names, and leaves out what is not there', async () => {
      for (const [family, key] of Object.entries(EACH_FAMILY)) await backend.put(key, family, 300)
      const names = [...Object.values(EACH_FAMILY), globalModelResolveKey('gone')]
      const read = await backend.store.read(names)
      expect(read).toHaveLength(6)
      for (const { name, key, value } of read) {
        expect(key).toEqual(decodeModelCacheKey(name))
        expect(value).toBe(key.family)
      }
      expect(await backend.store.read([])).toEqual([])
    })

    it('reads how often mappings were used, and 0 where nothing counts it', async () => {
      await backend.put(providerGlobalHitsKey('p-1', 'g-1'), '7')
      await backend.put(providerGlobalHitsKey('p-1', 'g-2'), 'many')
      await backend.putHash(providerGlobalHitsKey('p-1', 'g-3'))
      const mappings = ['g-1', 'g-2', 'g-3', 'g-4'].map((globalModelId) => ({
        providerId: 'p-1',
        globalModelId,
      }))
      expect(await backend.store.readHits(mappings)).toEqual([7, 0, 0, 0])
      expect(await backend.store.readHits([])).toEqual([])
    })
  })
}

/** The key format itself, which no backend has to be asked about. */
export function modelCacheKeyContract(): void {
  it('have keys that come apart as they were put together', () => {
    fc.assert(
      fc.property(id, id, name, (first, second, text) => {
        fc.pre(first !== 'hits')
        const ids = { providerId: first, globalModelId: second }
        expect(decodeModelCacheKey(modelByIdKey(first))).toEqual({ family: 'modelById', modelId: first })
        expect(decodeModelCacheKey(modelByProviderGlobalKey(first, second))).toEqual({
          family: 'modelByProviderGlobal',
          ...ids,
        })
        expect(decodeModelCacheKey(providerGlobalHitsKey(first, second))).toEqual({
          family: 'providerGlobalHits',
          ...ids,
        })
        expect(decodeModelCacheKey(globalModelByIdKey(second))).toEqual({
          family: 'globalModelById',
          globalModelId: second,
        })
        expect(decodeModelCacheKey(globalModelByNameKey(text))).toEqual({
          family: 'globalModelByName',
          name: text,
        })
        expect(decodeModelCacheKey(globalModelResolveKey(text))).toEqual({
          family: 'globalModelResolve',
          name: text,
        })
      }),
    )
  })

  it.each(FOREIGN)('are not the gateway’s under %j', (key) => {
    expect(decodeModelCacheKey(key)).toBeUndefined()
  })
}
