/** What a cache tells about its affinities. */
export interface FeedListener {
  /** From now on every change is told: whatever was known before has to be read anew. */
  restored(): void
  /** These keys were set, changed or deleted, or were taken by expiry or eviction. */
  changed(keys: readonly string[]): void
  /** Any number of keys may have gone, unnamed. */
  flushed(): void
  /** Changes are no longer told. `restored` follows when they are again. */
  lost(reason: unknown): void
  /** This cache refuses to tell changes just now. `restored` follows when it does not any more. */
  refused(reason: unknown): void
}

/** The stream of changes of one cache. Two backends, Redis and memory. */
export interface AffinityFeed {
  /** Begins to tell, later than this call; once. */
  start(listener: FeedListener): void
  /**
   * Resolves once every change has been told that the cache had confirmed to anybody before this call.
   * @throws UnavailableError while the feed is lost
   */
  barrier(): Promise<void>
  close(): void
}
