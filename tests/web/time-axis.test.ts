import { describe, expect, it } from 'vitest'
import { alone } from '../../web/src/pages/overview/alone.js'
import { timeTicks } from '../../web/src/pages/overview/time-ticks.js'

describe('the times below a chart', () => {
  // Of the picture, and of a label with a gap, in pixels.
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
