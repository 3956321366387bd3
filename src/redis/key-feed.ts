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

/** Reports the changes of some keys of one cache. It has two backends, Redis and memory. */
export interface KeyFeed {
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
  /** Returns the same, but never behind the cache: what expires later is still there. */
  latest(): number | undefined
  close(): void
}
