import { describe, expect, it } from 'vitest'
import { alone, integerTicks, timeTicks } from '../../web/src/pages/overview/axis.js'

describe('the ticks of a count', () => {
  it.each([[[506]], [[504, 505, 508]], [[99_310, 100_120]], [[0.2, 1.4]], [[1_000_000, 1_000_001]], [[0]]])(
    'are few, whole, round and around %j',
    (values) => {
      const ticks = integerTicks(values)
      const steps = new Set(ticks.slice(1).map((tick, index) => tick - (ticks[index] ?? 0)))
      expect(ticks.every(Number.isInteger)).toBe(true)
      expect(steps.size).toBe(1)
      expect(String([...steps][0])).toMatch(/^[125]0*$/)
      expect(ticks.length).toBeGreaterThanOrEqual(2)
      expect(ticks.length).toBeLessThanOrEqual(5)
      expect(Math.min(...ticks)).toBeLessThanOrEqual(Math.min(...values))
      expect(Math.max(...ticks)).toBeGreaterThanOrEqual(Math.max(...values))
    },
  )

  it('start at the base that is asked for', () => {
    expect(integerTicks([1_980, 2_040], 0)).toEqual([0, 1_000, 2_000, 3_000])
    expect(integerTicks([0], 0)).toEqual([0, 1])
  })

  it('hold for any span', () => {
    for (let most = 0; most < 5_000; most++) {
      const ticks = integerTicks([37, 37 + most])
      expect(ticks.length).toBeLessThanOrEqual(5)
      expect(ticks[0]).toBeLessThanOrEqual(37)
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(37 + most)
    }
  })
})

describe('the times below a chart', () => {
  // The picture has this width, and a label with its gap this one, in pixels.
  it.each([
    [300, 66],
    [270, 66],
  ])(
    'are at least two, and do not touch, on %i pixels, from the second point to the last',
    (width, label) => {
      for (let span = 5; span <= 900; span += 5) {
        for (const from of [1_764_060_001, 1_764_060_029.3, 1_764_060_058.9]) {
          const ticks = timeTicks(from, from + span, (span * label) / width)
          const apart = ticks.slice(1).map((tick, index) => ((tick - (ticks[index] ?? 0)) / span) * width)
          expect(ticks.length).toBeGreaterThanOrEqual(2)
          expect(ticks.every((tick) => tick >= from && tick <= from + span)).toBe(true)
          expect(Math.min(...apart)).toBeGreaterThanOrEqual(label)
          expect(new Set(apart.map(Math.round)).size).toBe(1)
        }
      }
    },
  )

  it('hold for any span', () => {
    expect(timeTicks(0, 7_200, 1_000)).toEqual([0, 1_200, 2_400, 3_600, 4_800, 6_000, 7_200])
    expect(timeTicks(10.2, 10.2, 1)).toEqual([])
  })
})

describe('a value between two gaps', () => {
  it.each([
    [[null, 0.9], [1]],
    [
      [0.9, null, 0],
      [0, 2],
    ],
    [[0.9, 0.8, null], []],
    [[null, undefined], []],
  ])('of %j is found at %j', (values, found) => {
    expect(alone(values)).toEqual(found)
  })
})
