import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AffinityChangeType } from '../../../src/affinities/affinity-events.js'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import { MinuteHistory } from '../../../src/affinities/history/minute-history.js'

const MINUTE = 60_000
const DAY = 1_440 * MINUTE
/** Not at the beginning of a minute. */
const START = Date.UTC(2030, 0, 1) + 17_003

const TYPES = ['CREATED', 'REFRESHED', 'SWITCHED', 'REMOVED', 'EXPIRED'] as const
const PROVIDERS = ['a', 'b', 'c'] as const

const record = (providerId: string) => ({ providerId }) as AffinityRecord

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ wait: fc.integer({ min: 0, max: 150_000 }) }) },
  { weight: 1, arbitrary: fc.record({ wait: fc.constantFrom(MINUTE, 40 * MINUTE, DAY - 1, DAY, 3 * DAY) }) },
  { weight: 1, arbitrary: fc.record({ isFollowed: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constantFrom<AffinityChangeType>(...TYPES),
      at: fc.constantFrom(...PROVIDERS),
      from: fc.constantFrom(...PROVIDERS),
      isCleared: fc.boolean(),
    }),
  },
)

interface Change {
  readonly time: number
  readonly type: AffinityChangeType
  readonly providers: ReadonlySet<string>
  readonly isCleared: boolean
}

describe('the history of changes', () => {
  it('counts, and knows what was seen, as a list of all changes does', () => {
    const question = fc.record({
      bucketMinutes: fc.constantFrom(1, 7, 60),
      back: fc.integer({ min: 1, max: 2 * DAY }),
      providerId: fc.constantFrom(undefined, ...PROVIDERS),
    })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        question,
        (steps, { bucketMinutes, back, providerId }) => {
          let now = START
          let isFollowed = false
          const changes: Change[] = []
          const seen: { from: number; to: number }[] = []
          const history = new MinuteHistory({
            now: () => now,
            totals: () => ({ all: 0, byProvider: new Map() }),
          })
          for (const one of steps) {
            if ('wait' in one) {
              if (isFollowed) seen.push({ from: now, to: now + one.wait })
              now += one.wait
            } else if ('isFollowed' in one) {
              isFollowed = one.isFollowed
              history.follow(isFollowed)
            } else {
              const { type, at, from, isCleared } = one
              history.count(type, record(at), type === 'SWITCHED' ? record(from) : undefined, isCleared)
              const providers = new Set(type === 'SWITCHED' ? [at, from] : [at])
              changes.push({ time: now, type, providers, isCleared })
            }
          }
          const bucketMs = bucketMinutes * MINUTE
          const request = { since: now - back, until: now, bucketMs, ...(providerId && { providerId }) }
          const { buckets } = history.buckets(request)
          expect(buckets[0]?.start.getTime()).toBe(Math.floor((now - back) / bucketMs) * bucketMs)
          const oldest = (Math.floor(now / MINUTE) - 1_439) * MINUTE
          for (const { start, complete, figures } of buckets) {
            const [from, to] = [Math.max(start.getTime(), oldest), start.getTime() + bucketMs]
            const seenMs = seen.reduce(
              (sum, span) => sum + Math.max(0, Math.min(span.to, to) - Math.max(span.from, from)),
              0,
            )
            expect(complete).toBe(seenMs === bucketMs)
            const inside = changes.filter(
              ({ time, providers }) =>
                time >= from && time < to && (providerId === undefined || providers.has(providerId)),
            )
            const countOf = (wanted: AffinityChangeType) =>
              inside.filter(({ type }) => type === wanted).length
            const expected = {
              created: countOf('CREATED'),
              refreshed: countOf('REFRESHED'),
              switched: countOf('SWITCHED'),
              removed: countOf('REMOVED'),
              expired: countOf('EXPIRED'),
              cleared: inside.filter(({ type, isCleared }) => type === 'REMOVED' && isCleared).length,
            }
            expect(figures).toEqual(seenMs === 0 ? null : expected)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('tells the total at each bucket’s end, and the total of now for the one that is not over', () => {
    let now = Date.UTC(2030, 0, 1)
    let all = 5
    const history = new MinuteHistory({
      now: () => now,
      totals: () => ({ all, byProvider: new Map([['a', all - 1]]) }),
    })
    history.follow(true)
    now += MINUTE
    history.advance()
    all = 9
    now += MINUTE / 2
    const request = { since: now - 3 * MINUTE, until: now, bucketMs: MINUTE }
    const totals = (providerId?: string) =>
      history.buckets({ ...request, ...(providerId && { providerId }) }).buckets.map(({ total }) => total)
    expect(totals()).toEqual([null, null, 5, 9])
    expect(totals('a')).toEqual([null, null, 4, 8])
    expect(totals('nobody')).toEqual([null, null, 0, 0])
    history.follow(false)
    now += MINUTE
    expect(totals()).toEqual([null, null, 5, null])
  })

  it('does not say of a provider beyond the bound what it knows of several together', () => {
    const now = Date.UTC(2030, 0, 1)
    let clock = now
    const history = new MinuteHistory({
      now: () => clock,
      totals: () => ({ all: 0, byProvider: new Map() }),
      maxProviders: 1,
    })
    history.follow(true)
    clock += 1_000
    for (const provider of ['a', 'b', 'c', 'c']) history.count('CREATED', record(provider), undefined, false)
    const created = (providerId?: string) =>
      history
        .buckets({ since: now, until: clock, bucketMs: MINUTE, ...(providerId && { providerId }) })
        .buckets.map(({ figures }) => figures?.created ?? null)
    expect([created(), created('a'), created('b'), created('c')]).toEqual([[4], [1], [null], [null]])
  })

  it('gives the series that there are to the largest providers, from the minute in which they are', () => {
    const start = Date.UTC(2030, 0, 1)
    let clock = start
    const sizes = new Map([
      ['a', 10],
      ['b', 20],
    ])
    const history = new MinuteHistory({
      now: () => clock,
      totals: () => ({ all: 99, byProvider: sizes }),
      maxProviders: 2,
    })
    history.follow(true)
    const minute = (...providers: string[]) => {
      for (const provider of providers) history.count('CREATED', record(provider), undefined, false)
      clock += MINUTE
      history.advance()
    }
    const told = (providerId: string, minutes = 1) =>
      history
        .buckets({ since: start, until: clock, bucketMs: minutes * MINUTE, providerId })
        .buckets.map(({ figures, total, complete }) => [figures?.created ?? null, total, complete])
    minute('a', 'b', 'c')
    // As large as another one is not larger.
    sizes.set('c', 11)
    minute('a', 'c')
    expect(told('a')).toEqual([
      [1, 10, true],
      [1, 10, true],
    ])
    sizes.set('c', 30)
    minute('c')
    sizes.set('c', 31)
    minute('c', 'c', 'b')
    const unknown = [null, null, false]
    expect(told('a')).toEqual([unknown, unknown, unknown, unknown])
    expect(told('c')).toEqual([unknown, unknown, unknown, [2, 31, true]])
    expect(told('c', 4)).toEqual([[2, 31, false]])
    expect(told('b')).toEqual([
      [1, 20, true],
      [0, 20, true],
      [0, 20, true],
      [1, 20, true],
    ])
  })
})
