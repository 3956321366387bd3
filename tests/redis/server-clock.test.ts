import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { RedisClient } from '../../src/redis/client.js'
import { ServerClock } from '../../src/redis/server-clock.js'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A Redis whose clock is an hour ahead of ours. */
const AHEAD_MS = 3_600_000
const serverTime = () => Date.now() + AHEAD_MS

/** A Redis that takes the command and gives its reply so many milliseconds later. */
const redis = (takenAfterMs: number, repliedAfterMs: number) =>
  ({
    async time() {
      await sleep(takenAfterMs)
      const now = serverTime()
      await sleep(repliedAfterMs)
      return [Math.floor(now / 1_000), (now % 1_000) * 1_000]
    },
  }) as unknown as RedisClient

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }))
afterEach(() => void vi.useRealTimers())

it.each([
  ['at once', 0, 0],
  ['late', 10, 700],
  ['after a wait', 700, 10],
])(
  'the clock of a Redis that answers %s is between the earliest and the latest time',
  async (_, ...delays) => {
    const clock = new ServerClock()
    expect([clock.now(), clock.latest()]).toEqual([undefined, undefined])
    const read = clock.read(redis(...delays))
    await vi.advanceTimersByTimeAsync(5_000)
    await read
    await vi.advanceTimersByTimeAsync(10_000)
    const [taken, replied] = delays
    expect((clock.now() ?? 0) - serverTime()).toBeCloseTo(-replied, -1)
    expect((clock.latest() ?? 0) - serverTime()).toBeCloseTo(taken, -1)
  },
)

it('the clock of a Redis that does not answer is unknown', async () => {
  const clock = new ServerClock()
  await clock.read({ time: () => Promise.reject(new Error('away')) } as unknown as RedisClient)
  expect([clock.now(), clock.latest()]).toEqual([undefined, undefined])
})
