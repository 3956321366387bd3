import { createChangeFilter } from '../log/change-filter.js'
import type { KeyFeed } from '../redis/key-feed.js'
import { once } from '../util/promises.js'
import type { CachedModels, ModelMappings } from './cached-models.js'
import { applyEntries, followModelCaches, type ModelCacheFollower, readAll } from './model-cache-follower.js'
import type { ModelMappingStore } from './model-mapping-store.js'

/** Reads the model caches as of one moment: every call of one reader has the same answer. */
export type ModelMappingReader = () => Promise<ModelMappings>

export interface ModelMappingSource {
  /**
   * Creates a reader for one request. It throws UnavailableError rather than give a partial answer. Its answer holds every
   * change that the cache had confirmed before, unless the cache does not tell changes: then those who ask during a walk
   * share its answer, which holds what was there when the walk came by.
   */
  reader(): ModelMappingReader
  /** The number of entries in memory; undefined while the caches are not followed: a read looks at every key then. */
  readonly size: number | undefined
  /** The store, for clears: a walk that is under way takes notice of them. */
  readonly store: ModelMappingStore
  /** Begins to follow the caches, so that the first reader need not wait for a walk. */
  follow(): void
  close(): void
}

export interface ModelMappingSourceDeps {
  readonly store: ModelMappingStore
  /** Creates the feed of changes to these caches; undefined: every read walks. */
  readonly createFeed?: (() => KeyFeed) | undefined
  /** Receives the keys whose values cannot be read as a models row, whenever they differ from the last ones. */
  readonly onBroken: (keys: readonly string[]) => void
  /** Receives a failure of our own code. */
  readonly onFault: (error: unknown) => void
}

/** Answers from the entries in memory that follow the cache, or from a walk that all share who ask while it runs. */
export function createModelMappingSource(deps: ModelMappingSourceDeps): ModelMappingSource {
  const { store, createFeed, onBroken, onFault } = deps
  const reports = createChangeFilter()
  let follower: ModelCacheFollower | undefined
  let walking: Promise<CachedModels> | undefined
  /** Keys that were cleared here since the walk began. */
  let cleared = new Set<string>()

  function follow(): void {
    if (createFeed) follower ??= followModelCaches({ store, feed: createFeed(), onFault })
  }

  async function walk(): Promise<CachedModels> {
    cleared = new Set()
    const models = await readAll(store)
    // The walk may have read these before they were cleared.
    while (cleared.size > 0) {
      const names = [...cleared]
      cleared = new Set()
      applyEntries(models, names, await store.read(names))
    }
    return models
  }

  function sharedWalk(): Promise<CachedModels> {
    walking ??= walk().finally(() => {
      walking = undefined
    })
    return walking
  }

  async function read(): Promise<ModelMappings> {
    follow()
    const models = (await follower?.current()) ?? (await sharedWalk())
    const mappings = models.at(performance.now())
    report([...mappings.broken])
    return mappings
  }

  function report(broken: string[]): void {
    if (broken.length === 0) reports.ended('keys')
    else if (reports.isNew('keys', broken.sort().join('\n'))) onBroken(broken)
  }

  return {
    reader: () => once(read),
    get size() {
      return follower?.size
    },
    store: {
      get scannedKeys() {
        return store.scannedKeys
      },
      keyPrefix: store.keyPrefix,
      readEntries: (families) => store.readEntries(families),
      read: (names) => store.read(names),
      readHits: (mappings) => store.readHits(mappings),
      allKeys: () => store.allKeys(),
      existing: (keys) => store.existing(keys),
      async remove(keys) {
        try {
          return await store.remove(keys)
        } finally {
          for (const key of keys) cleared.add(key)
        }
      },
    },
    follow,
    close: () => follower?.close(),
  }
}
