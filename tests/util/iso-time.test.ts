import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isoTime } from '../../src/util/iso-time.js'
import { JsonBytes } from '../../src/util/json-bytes.js'

const HOUR_MS = 3_600_000
const LAST = 253_402_300_799_999

it.each([
  0,
  -1,
  -HOUR_MS * 24,
  -62_198_755_200_001,
  8.64e15,
  -8.64e15,
  LAST,
  LAST + 1,
  Date.UTC(2026, 10, 27, 23, 59, 59, 999),
  Date.UTC(2026, 10, 28),
  Date.UTC(2028, 1, 29, 12, 5, 6, 78),
])('writes %d as Date does', (ms) => {
  for (const at of [ms, ms + (ms > 0 ? -1 : 1), ms]) {
    expect(isoTime(new Date(at))).toBe(new Date(at).toISOString())
    const json = new JsonBytes()
    json.time(new Date(at))
    expect(json.whole().toString()).toBe(JSON.stringify(new Date(at)))
  }
})

it('refuses an invalid date, and goes on', () => {
  expect(() => isoTime(new Date(Number.NaN))).toThrow(RangeError)
  expect(isoTime(new Date(0))).toBe('1970-01-01T00:00:00.000Z')
})

it('writes times of any days, by turns, as Date does', () => {
  const time = fc.date({ noInvalidDate: true })
  fc.assert(
    fc.property(fc.array(time), time, (times, again) => {
      for (const one of times.flatMap((other) => [other, again])) expect(isoTime(one)).toBe(one.toISOString())
    }),
  )
})
