import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { followModelCaches } from '../../src/model-mappings/model-cache-follower.js'
import { globalModelByIdKey } from '../../src/model-mappings/model-cache-key.js'
import type { FeedListener } from '../../src/redis/key-feed.js'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

it('model caches are followed again some time after a fault of our own code, without an outage of Redis', async () => {
  let isFaulty = false
  let listener: FeedListener | undefined
  const faults: unknown[] = []
  const follower = followModelCaches({
    store: {
      keyPrefix: '',
      async *readEntries() {},
      async read() {
        if (isFaulty) throw new TypeError('a bug')
        return []
      },
    },
    feed: {
      start(given) {
        listener = given
      },
      barrier: async () => {},
      now: () => undefined,
      latest: () => undefined,
      close() {},
    },
    onFault: (error) => faults.push(error),
  })
  const isFollowed = (followed: boolean) =>
    vi.waitFor(() => expect(follower.size !== undefined).toBe(followed), { timeout: 10_000 })
  listener?.restored()
  await isFollowed(true)
  isFaulty = true
  listener?.changed([globalModelByIdKey('one')])
  await isFollowed(false)
  expect(faults).toHaveLength(1)
  expect(await follower.current()).toBeUndefined()
  isFaulty = false
  await vi.advanceTimersByTimeAsync(1_000)
  await isFollowed(true)
  expect(await follower.current()).toBeDefined()
  expect(faults).toHaveLength(1)
  follower.close()
  await vi.advanceTimersByTimeAsync(120_000)
  expect(follower.size).toBeUndefined()
})
