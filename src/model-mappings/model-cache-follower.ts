import { UnavailableError } from '../errors.js'
import { ChangeQueue } from '../redis/change-queue.js'
import type { KeyFeed } from '../redis/key-feed.js'
import { BackOff } from '../util/back-off.js'
import { CachedModels, ENTRY_FAMILIES } from './cached-models.js'
import { decodeModelCacheKey } from './model-cache-key.js'
import type { ModelCacheEntry, ModelMappingStore } from './model-mapping-store.js'

/** Milliseconds until a walk that the cache did not answer is tried again. */
const RETRY_MS = 500
/** The same after a fault of our own code: a walk is expensive and may fail again. Meanwhile each reader walks. */
const FAULT_RETRY = { firstMs: 1_000, longestMs: 60_000 } as const
/** Milliseconds after which a failed barrier means that Redis hangs, and not that the feed's own connection has ended. */
const HANGS_MS = 1_000
/** Milliseconds between two searches for entries whose time is over. */
const EXPIRY_EVERY_MS = 1_000

export interface ModelCacheFollowerDeps {
  readonly store: Pick<ModelMappingStore, 'keyPrefix' | 'readEntries' | 'read'>
  readonly feed: KeyFeed
  /** Receives a failure of our own code, after which the caches are not followed for some seconds, at most a minute. */
  readonly onFault: (error: unknown) => void
}

/** Keeps the model caches in memory as the cache has them. */
export interface ModelCacheFollower {
  /** The number of entries; undefined while the caches are not followed. */
  readonly size: number | undefined
  /**
   * Returns the entries once they have every change that the cache had confirmed before this call; undefined if they are not
   * followed just now.
   * @throws UnavailableError if the cache does not answer
   */
  current(): Promise<CachedModels | undefined>
  close(): void
}

/** Reads every entry of the caches. */
export async function readAll(store: Pick<ModelMappingStore, 'readEntries'>): Promise<CachedModels> {
  const models = new CachedModels()
  for await (const entries of store.readEntries(ENTRY_FAMILIES)) {
    const now = performance.now()
    for (const entry of entries) models.put(entry, now)
  }
  return models
}

/** Reads these keys again, and makes the entries equal to what is there. */
export function applyEntries(
  models: CachedModels,
  names: readonly string[],
  entries: readonly ModelCacheEntry[],
): void {
  const gone = new Set(names)
  const now = performance.now()
  for (const entry of entries) {
    gone.delete(entry.name)
    models.put(entry, now)
  }
  for (const name of gone) models.remove(name)
}

/**
 * Follows the model caches by the feed of changed keys. One walk fills the memory when the feed begins, and again after a
 * flush or an outage of the feed; after that a changed key is read by itself. An entry whose time is over is read again, since
 * Redis may tell an expiry late or never. So even a change that was never told is put right within the TTL of an entry, which
 * is 5 minutes, and no comparison of everything is needed.
 */
export function followModelCaches({ store, feed, onFault }: ModelCacheFollowerDeps): ModelCacheFollower {
  let models = new CachedModels()
  /** Counts the reasons to read everything anew. A walk that began before the last one is of no use. */
  let epoch = 0
  let isTold = false
  let isComplete = false
  let isReadable = true
  const faultPause = new BackOff(FAULT_RETRY.firstMs, FAULT_RETRY.longestMs)
  let reported = () => {}
  /** The first report of the feed, and then the latest attempt to fill the memory. */
  let filling = new Promise<void>((resolve) => {
    reported = resolve
  })

  const changes = new ChangeQueue<readonly ModelCacheEntry[]>({
    read: (names) => store.read(names),
    async apply(names, entries, isOutdated) {
      const valid = names.filter((name) => !isOutdated(name))
      applyEntries(
        models,
        valid,
        entries.filter(({ name }) => !isOutdated(name)),
      )
    },
    failed(error) {
      isReadable = false
      if (!(error instanceof UnavailableError)) giveUp(error)
    },
    recovered() {
      isReadable = true
    },
  })

  function stop(): void {
    epoch += 1
    isTold = false
    isComplete = false
    changes.reset()
    models = new CachedModels()
  }

  function giveUp(error: unknown): void {
    stop()
    onFault(error)
    const mine = epoch
    setTimeout(() => {
      if (mine === epoch) begin()
    }, faultPause.next()).unref()
  }

  async function fill(): Promise<void> {
    epoch += 1
    const mine = epoch
    isComplete = false
    changes.pause()
    await changes.idle()
    if (mine !== epoch) return
    try {
      const filled = await readAll(store)
      if (mine !== epoch) return
      models = filled
      isReadable = true
      changes.resume()
      await changes.settledOrFailed()
      isComplete = mine === epoch
    } catch (error) {
      if (mine !== epoch) return
      if (!(error instanceof UnavailableError)) return giveUp(error)
      setTimeout(() => {
        if (mine === epoch) filling = fill()
      }, RETRY_MS).unref()
    }
  }

  function begin(): void {
    isTold = true
    filling = fill()
    reported()
  }

  function end(): void {
    stop()
    reported()
  }

  feed.start({
    restored: begin,
    flushed: begin,
    lost: end,
    refused: end,
    changed(names) {
      if (!isTold) return
      changes.add(
        names.filter((name) => {
          const family = decodeModelCacheKey(name, store.keyPrefix)?.family
          return family !== undefined && family !== 'providerGlobalHits'
        }),
      )
    },
  })

  const readDue = () => changes.add(models.due(performance.now()))
  const expiryTimer = setInterval(() => {
    if (isComplete) readDue()
  }, EXPIRY_EVERY_MS).unref()

  return {
    get size() {
      return isComplete ? models.size : undefined
    },
    async current() {
      // The first report is that of the feed; then the memory is being filled.
      await filling
      await filling
      if (!isComplete) return undefined
      const askedAt = performance.now()
      try {
        await feed.barrier()
      } catch (error) {
        // A Redis that has not answered in time would not answer a walk either; a connection that has ended fails at once.
        if (performance.now() - askedAt > HANGS_MS) throw error
        return undefined
      }
      if (!isComplete) return undefined
      readDue()
      await changes.settledOrFailed()
      return isComplete && isReadable ? models : undefined
    },
    close() {
      clearInterval(expiryTimer)
      stop()
      feed.close()
    },
  }
}
