import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import { createFollowUps } from '../../../src/affinities/follow-up/create-follow-ups.js'
import { FOLLOWED_MS } from '../../../src/affinities/follow-up/follow-up.js'

const KEYS = ['a', 'b', 'c', 'd', 'e'] as const
const PROVIDERS = ['x', 'y', 'z'] as const
const PROVIDER_KEYS = ['k', 'l'] as const

interface Pin {
  readonly providerId: string
  readonly providerKeyId: string
  readonly createdAt: number
}

const recordOf = (key: string, pin: Pin): AffinityRecord => ({
  key,
  affinityKey: `api-key-of-${key}`,
  apiFormat: 'CLAUDE',
  modelId: 'model',
  endpointId: 'e',
  family: 'cache_affinity',
  requestCount: 1,
  expiresAt: Number.POSITIVE_INFINITY,
  writtenExpiry: 0,
  ...pin,
})

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      pin: fc.constantFrom(...KEYS),
      at: fc.constantFrom(...PROVIDERS),
      to: fc.constantFrom(...PROVIDER_KEYS),
    }),
  },
  { weight: 2, arbitrary: fc.record({ expire: fc.constantFrom(...KEYS) }) },
  { weight: 2, arbitrary: fc.record({ clear: fc.subarray([...KEYS], { minLength: 1 }) }) },
  { weight: 1, arbitrary: fc.record({ writeBack: fc.constantFrom(...KEYS), isRemoved: fc.boolean() }) },
)

/** One clear, as a list of what it removed and of what was seen after it. */
interface ModelClear {
  readonly id: string
  readonly removed: Map<string, Pin>
  readonly seen: Map<string, Pin>
}

const countOf = <T>(items: Iterable<T>, isCounted: (item: T) => boolean) =>
  [...items].filter(isCounted).length

describe('the follow-up of clears', () => {
  it('counts as a list of all that happened does', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const followUps = createFollowUps({ now: () => 0, isFollowed: () => true })
        const pinned = new Map<string, Pin>()
        const clears: ModelClear[] = []
        let time = 0
        const see = (key: string, pin: Pin) => {
          followUps.seen(recordOf(key, pin))
          for (const clear of clears) if (clear.removed.has(key)) clear.seen.set(key, pin)
        }
        for (const one of steps) {
          time += 1
          if ('pin' in one) {
            const pin = { providerId: one.at, providerKeyId: one.to, createdAt: time }
            pinned.set(one.pin, pin)
            see(one.pin, pin)
          } else if ('expire' in one) {
            const pin = pinned.get(one.expire)
            if (pin) followUps.removed(recordOf(one.expire, pin), false)
            pinned.delete(one.expire)
          } else if ('clear' in one) {
            const removed = new Map([...pinned].filter(([key]) => one.clear.includes(key as 'a')))
            const id = `clear-${time}`
            const tracked = followUps.open(id, { isMirror: false })
            tracked.willRemove([...removed].map(([key, pin]) => recordOf(key, pin)))
            for (const [key, pin] of removed) {
              const known = followUps.removed(recordOf(key, pin), true)
              expect(known?.clear.auditEventId).toBe(id)
              expect(known?.isFirst).toBe(true)
              pinned.delete(key)
            }
            tracked.end()
            clears.push({ id, removed, seen: new Map() })
          } else {
            // What the latest clear of a key removed comes back; where it is removed again, nobody was there.
            const clear = clears.findLast(({ removed }) => removed.has(one.writeBack))
            const pin = clear?.removed.get(one.writeBack)
            if (!clear || !pin || pinned.has(one.writeBack) || clear.seen.has(one.writeBack)) continue
            const record = recordOf(one.writeBack, pin)
            followUps.seen(record)
            for (const earlier of clears) {
              const before = earlier.removed.get(one.writeBack)
              if (before && before.createdAt < pin.createdAt) earlier.seen.set(one.writeBack, pin)
            }
            expect(followUps.removed(record, true)?.isFirst).toBe(false)
          }
        }
        for (const { id, removed, seen } of clears) {
          const pairs = [...seen].map(([key, pin]) => [removed.get(key), pin] as const)
          const isSame = ([was, is]: (typeof pairs)[number]) => was?.providerId === is.providerId
          const followUp = followUps.find(id)
          expect(followUp).toMatchObject({
            cleared: removed.size,
            repinnedElsewhere: countOf(pairs, (pair) => !isSame(pair)),
            repinnedSame: countOf(pairs, isSame),
            repinnedSameKey: countOf(
              pairs,
              (pair) => isSame(pair) && pair[0]?.providerKeyId === pair[1].providerKeyId,
            ),
            notSeenSince: removed.size - seen.size,
          })
          const byProvider = PROVIDERS.map((providerId) => ({
            providerId,
            count: countOf(seen.values(), (pin) => pin.providerId === providerId),
          })).filter(({ count }) => count > 0)
          expect(followUp?.byProvider).toEqual(byProvider.toSorted((a, b) => b.count - a.count))
          const unseen = [...removed.keys()].filter((key) => !seen.has(key)).map((key) => `api-key-of-${key}`)
          expect(new Set(followUp?.notSeenApiKeyIds(10))).toEqual(new Set(unseen))
        }
      }),
      { numRuns: 200 },
    )
  })

  const followed = (options: { maxAffinities?: number; maxClears?: number } = {}) => {
    const world = { now: 0, isLive: true, dropped: [] as string[] }
    const followUps = createFollowUps({
      now: () => world.now,
      isFollowed: () => world.isLive,
      onDropped: (id) => world.dropped.push(id),
      ...options,
    })
    const clear = (id: string, count: number) => {
      const tracked = followUps.open(id, { isMirror: false })
      tracked.willRemove(pinsOf(id, count))
      tracked.end()
      return tracked
    }
    return { world, followUps, clear }
  }
  const pinsOf = (name: string, count: number, fields: Partial<AffinityRecord> = {}) =>
    Array.from({ length: count }, (_, n) => ({
      ...recordOf(`${name}-${n}`, { providerId: 'x', providerKeyId: 'k', createdAt: 1 }),
      ...fields,
    }))

  it('is kept for an hour, and takes no memory after it', () => {
    const { world, followUps, clear } = followed()
    clear('first', 5_000)
    world.now = FOLLOWED_MS / 2
    clear('second', 3)
    expect(followUps.figures).toEqual({ affinities: 5_003, clears: 2, dropped: 0 })
    world.now = FOLLOWED_MS - 1
    expect(followUps.find('first')?.watchedUntil.getTime()).toBe(FOLLOWED_MS)
    world.now = FOLLOWED_MS
    expect(followUps.find('first')).toBeUndefined()
    expect(followUps.figures).toEqual({ affinities: 3, clears: 1, dropped: 0 })
    for (const record of pinsOf('second', 3, { createdAt: 2, providerId: 'y' })) followUps.seen(record)
    expect(followUps.find('second')?.repinnedElsewhere).toBe(3)
    world.now = FOLLOWED_MS * 2
    expect(followUps.figures).toEqual({ affinities: 0, clears: 0, dropped: 0 })
  })

  it('makes room for later ones by giving the oldest up, and says so', () => {
    const { world, followUps, clear } = followed({ maxAffinities: 100, maxClears: 3 })
    clear('oldest', 60)
    let isForgotten = false
    followUps.watch('oldest', { changed() {}, forgotten: () => (isForgotten = true) })
    clear('older', 40)
    clear('latest', 10)
    expect([followUps.find('oldest'), followUps.find('older')?.cleared]).toEqual([undefined, 40])
    expect([isForgotten, world.dropped]).toEqual([true, ['oldest']])
    const tooMany = clear('too many', 101)
    expect(followUps.find('too many')).toBeUndefined()
    tooMany.settle()
    expect(followUps.figures).toEqual({ affinities: 0, clears: 0, dropped: 4 })
    for (const id of ['1', '2', '3', '4']) clear(id, 0)
    expect([followUps.find('1'), followUps.find('4')?.cleared]).toEqual([undefined, 0])
  })

  it('knows nothing of a clear while changes were not seen', () => {
    const { world, followUps, clear } = followed()
    world.isLive = false
    clear('blind', 3)
    expect(followUps.find('blind')).toBeUndefined()
  })

  it('takes out what was spared, and what is not known to be gone after a failure', () => {
    const { followUps } = followed()
    const tracked = followUps.open('partial', { isMirror: false })
    const pins = pinsOf('pin', 6)
    tracked.willRemove(pins)
    const [first, second] = pins
    if (first && second) for (const record of [first, second]) followUps.removed(record, true)
    tracked.spare(['pin-5', 'unknown'])
    tracked.doubt(pins.map(({ key }) => key))
    expect(followUps.find('partial')).toBeUndefined()
    tracked.end()
    expect(followUps.find('partial')).toMatchObject({ cleared: 2, notSeenSince: 2 })
  })

  it('counts a write-back once nobody removes it any more, and tells each change', () => {
    const { followUps, clear } = followed()
    const tracked = clear('watched', 2)
    let changes = 0
    const stop = followUps.watch('watched', { changed: () => (changes += 1), forgotten() {} })
    const [back, moved] = pinsOf('watched', 2)
    if (!back || !moved) throw new Error('no pins')
    followUps.seen({ ...back, requestCount: 2 })
    expect([changes, followUps.find('watched')?.notSeenSince]).toEqual([0, 2])
    tracked.settle()
    expect(followUps.find('watched')).toMatchObject({ repinnedSame: 1, repinnedSameKey: 1, notSeenSince: 1 })
    followUps.seen({ ...moved, createdAt: 5, providerId: 'y' })
    followUps.seen({ ...moved, createdAt: 5, providerId: 'y', requestCount: 9 })
    expect(changes).toBe(2)
    stop?.()
    followUps.seen({ ...back, createdAt: 6, providerKeyId: 'other' })
    expect([changes, followUps.find('watched')?.repinnedSameKey]).toEqual([2, 0])
  })
})
