import type { MemoryKeyspace } from '../../redis/memory-keyspace.js'
import type { KeyFamilies } from '../key-families.js'

/** Receives what a feed reports. */
export interface FeedListener {
  /** From now on the feed reports every change. Changes before this call may be missing: read everything again. */
  restored(): void
  /** These keys were set, changed, deleted, expired or evicted. */
  changed(keys: readonly string[]): void
  /** A flush removed any number of keys, which are not named. */
  flushed(): void
  /** The feed no longer reports changes. `restored` follows when it does again. */
  lost(reason: unknown): void
  /** The cache refuses to report changes. `restored` follows when it no longer refuses. */
  refused(reason: unknown): void
}

/** Reports the changes of one cache. It has two backends, Redis and memory. */
export interface AffinityFeed {
  /** Starts the feed; call it once. The listener is never called before this returns. */
  start(listener: FeedListener): void
  /**
   * Resolves once the feed has reported every change that the cache had confirmed to any client before this call.
   * @throws UnavailableError while the feed is lost
   */
  barrier(): Promise<void>
  /**
   * Returns the cache's own time, by which it removes records: Unix milliseconds, never ahead of the cache; undefined while
   * it is unknown.
   */
  now(): number | undefined
  close(): void
}

/** Reports the changes of this process's own keyspace. This feed is never lost. */
export function createMemoryFeed(keyspace: MemoryKeyspace, families: KeyFamilies): AffinityFeed {
  let stop: (() => void) | undefined
  let closed = false
  return {
    start(listener: FeedListener) {
      queueMicrotask(() => {
        if (closed) return
        stop = keyspace.onChange((key) => {
          if (families.of(key)) listener.changed([key])
        })
        listener.restored()
      })
    },
    // Each change is reported before the call that made it returns.
    barrier: async () => {},
    now: () => keyspace.now(),
    close() {
      closed = true
      stop?.()
    },
  }
}
