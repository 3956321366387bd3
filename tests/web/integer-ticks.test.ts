import { describe, expect, it } from 'vitest'
import { integerTicks } from '../../web/src/pages/overview/integer-ticks.js'

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
