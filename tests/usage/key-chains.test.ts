/** Intervals by provider key that are put together from units, beside looking at each chain. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type ChainsOfKey, packChains, spreadsOfKeys } from '../../src/usage/key-chains.js'
import { percentile } from './chain-model.js'

const UNIT_US = 3_600_000_000
const UNITS = 4
const KEYS = [null, 'a', 'b', 'c'] as const

interface Request {
  /** Microseconds since the start of the first unit; no two are the same. */
  readonly at: number
  readonly chain: number
  readonly key: (typeof KEYS)[number]
}

const REQUESTS: fc.Arbitrary<Request[]> = fc.uniqueArray(
  fc.record({
    at: fc.integer({ min: 0, max: UNITS * UNIT_US - 1 }),
    chain: fc.integer({ min: 0, max: 12 }),
    key: fc.constantFrom(...KEYS),
  }),
  { selector: ({ at }) => at, minLength: 60, maxLength: 150 },
)

/** Bits of chains of which some share the low ones, and one is 0. */
const bitsOf = (chain: number): readonly [low: number, high: number] =>
  chain === 0 ? [0, 0] : [chain % 3, 2 ** 32 - chain]

/** What a statement would tell of the requests of a unit. */
function unitOf(requests: readonly Request[], unit: number) {
  const own = requests
    .filter(({ at }) => Math.floor(at / UNIT_US) === unit)
    .map((request) => ({ ...request, at: request.at - unit * UNIT_US }))
  const inChain = (chain: number) => own.filter((request) => request.chain === chain)
  const groups = KEYS.map((key): ChainsOfKey => {
    const mine = own.filter((request) => request.key === key)
    const ends = (chosen: (isFirst: boolean, isLast: boolean) => boolean) =>
      Uint32Array.from(
        mine
          .filter((one) => chosen(inChain(one.chain)[0] === one, inChain(one.chain).at(-1) === one))
          .flatMap(({ chain, at }) => [...bitsOf(chain), at]),
      )
    const inside = mine.flatMap((one) => {
      const chain = inChain(one.chain)
      const next = chain[chain.indexOf(one) + 1]
      return next && key !== null && next.key !== null ? [next.at - one.at] : []
    })
    return {
      key,
      requests: mine.length,
      inside: Uint32Array.from(inside),
      firsts: ends((isFirst, isLast) => isFirst && !isLast),
      lasts: ends((isFirst, isLast) => isLast && !isFirst),
      onlys: ends((isFirst, isLast) => isLast && isFirst),
    }
  })
  return packChains(
    unit * UNIT_US,
    groups.filter(({ requests }) => requests > 0),
  )
}

it('intervals lead from unit to unit, however few chains are followed at the same time', async () => {
  await fc.assert(
    fc.asyncProperty(REQUESTS, fc.constantFrom(1, 5, 1_000), async (asked, atOnce) => {
      const requests = asked.toSorted((a, b) => a.at - b.at)
      const expected = KEYS.flatMap((key) => {
        if (key === null) return []
        const intervals = requests
          .flatMap((one, place) => {
            const next = requests.slice(place + 1).find(({ chain }) => chain === one.chain)
            return one.key === key && next && next.key !== null ? [next.at - one.at] : []
          })
          .sort((a, b) => a - b)
        if (intervals.length < 10) return []
        const minutes = (share: number) => expect.closeTo(percentile(intervals, share) / 60e6, 7)
        return {
          key,
          requests: requests.filter((one) => one.key === key).length,
          intervals: intervals.length,
          within: [5, 15, 30, 60, Number.POSITIVE_INFINITY].map((limit, band, limits) => {
            const over = limits[band - 1] ?? -1
            return intervals.filter((one) => one > over * 60e6 && one <= limit * 60e6).length
          }),
          p50Minutes: minutes(0.5),
          p75Minutes: minutes(0.75),
          p90Minutes: minutes(0.9),
          maxMinutes: minutes(1),
        }
      })
      const units = Array.from({ length: UNITS }, (_, unit) => unitOf(requests, unit))
      const found = await spreadsOfKeys(units, atOnce)
      expect(found.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual(expected)
    }),
    { numRuns: 60 },
  )
})

it('an interval of exactly as long as an option lasts is within it, and a longer one is not', async () => {
  const chain = (lasting: number) => ({
    key: 'a',
    requests: 13,
    inside: Uint32Array.from({ length: 12 }, () => lasting),
    firsts: Uint32Array.of(1, 1, 0),
    lasts: Uint32Array.of(1, 1, 12 * lasting),
    onlys: new Uint32Array(),
  })
  const within = async (lasting: number) =>
    (await spreadsOfKeys([packChains(0, [chain(lasting)])])).map((spread) => spread.within)
  expect(await within(300_000_000)).toEqual([[12, 0, 0, 0, 0]])
  expect(await within(300_000_001)).toEqual([[0, 12, 0, 0, 0]])
})
