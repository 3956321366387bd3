import type { MemoryKeyspace } from '../../redis/memory-keyspace.js'
import type { KeyFamilies } from '../key-families.js'
import type { AffinityFeed, FeedListener } from './affinity-feed.js'

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
    close() {
      closed = true
      stop?.()
    },
  }
}
