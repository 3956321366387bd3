import type { FeedListener, KeyFeed } from '../../redis/key-feed.js'
import type { MemoryKeyspace } from '../../redis/memory-keyspace.js'
import type { KeyFamilies } from '../key-families.js'

/** Reports the changes of this process's own keyspace. This feed is never lost. */
export function createMemoryFeed(keyspace: MemoryKeyspace, families: KeyFamilies): KeyFeed {
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
    latest: () => keyspace.now(),
    close() {
      closed = true
      stop?.()
    },
  }
}
