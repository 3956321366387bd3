import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { createExpiryWalk } from '../../../src/affinities/feed/expiry.js'
import { AffinityIndex } from '../../../src/affinities/index/affinity-index.js'
import { countCosts } from '../index/cost-counter.js'

const pinThatExpiresAt = (expiresAt: number) => ({
  key: `key-${expiresAt}`,
  affinityKey: `a${expiresAt}`,
  apiFormat: 'OPENAI',
  modelId: 'm',
  providerId: 'p',
  endpointId: 'e',
  providerKeyId: 'k',
  family: 'cache_affinity',
  requestCount: 1,
  createdAt: 0,
  expiresAt,
  writtenExpiry: expiresAt,
})

describe('the walk through what has expired', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** @param now Unix seconds */
  function walkOver(times: Iterable<number>, now: () => number) {
    const index = new AffinityIndex(FAMILIES)
    for (const expiresAt of times) index.upsert(pinThatExpiresAt(expiresAt))
    return { index, walk: createExpiryWalk({ index, now: () => now() * 1_000 }) }
  }

  it('names what is due, earliest first, and each record once', () => {
    let now = 9.9
    const { walk } = walkOver([30, 10, 20.5, 20], () => now)
    expect(walk.due()).toEqual([])
    now = 20
    expect(walk.due()).toEqual(['key-10', 'key-20'])
    expect(walk.due()).toEqual([])
    now = 100
    expect(walk.due()).toEqual(['key-20.5', 'key-30'])
  })

  it('names what is there still once more, a second later: the cache is the judge', () => {
    const { walk, index } = walkOver([1, 2], () => 5)
    expect(walk.due()).toEqual(['key-1', 'key-2'])
    index.remove('key-1')
    vi.advanceTimersByTime(900)
    expect(walk.due()).toEqual([])
    vi.advanceTimersByTime(100)
    expect(walk.due()).toEqual(['key-2'])
  })

  it('names 2,000 at a time, and goes on where it stopped', () => {
    const { walk } = walkOver(
      Array.from({ length: 4_500 }, (_, n) => n),
      () => 1e6,
    )
    const calls = [walk.due(), walk.due(), walk.due(), walk.due()]
    expect(calls.map((keys) => keys.length)).toEqual([2_000, 2_000, 500, 0])
    expect(new Set(calls.flat()).size).toBe(4_500)
  })

  it('names each record once, however long its key is', () => {
    const index = new AffinityIndex(FAMILIES)
    const keys = Array.from({ length: 700 }, (_, n) => (n % 2 === 0 ? `${'k'.repeat(511)} ${n}` : `key ${n}`))
    for (const key of keys) index.upsert({ ...pinThatExpiresAt(10), key })
    const walk = createExpiryWalk({ index, now: () => 20_000 })
    expect(walk.due().sort()).toEqual([...keys].sort())
    expect(walk.due()).toEqual([])
  })

  it('looks at a page of 200 where nothing is due, however many records there are', () => {
    const { walk } = walkOver(
      Array.from({ length: 5_000 }, (_, n) => n + 10),
      () => 5,
    )
    const cost = countCosts()
    walk.due()
    expect(cost.visited).toBeLessThanOrEqual(200)
  })
})
