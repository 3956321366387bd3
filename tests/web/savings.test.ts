import { describe, expect, it } from 'vitest'
import { readSavingsAddress, timesOf } from '../../web/src/pages/savings/address.js'
import { placesOf } from '../../web/src/pages/savings/scatter.js'

describe('the address of savings', () => {
  const read = (text: string) => readSavingsAddress(new URLSearchParams(text))

  it('means a day by provider where it says nothing else', () => {
    expect(read('')).toEqual({
      view: { period: '24h', by: 'provider', ttl: 'provider-key', user: null },
      unreadable: [],
    })
    expect(read('period=31d&by=key&ttl=user&user=u1').view).toEqual({
      period: '31d',
      by: 'key',
      ttl: 'user',
      user: 'u1',
    })
  })

  it.each(['period=2h', 'period=24h&period=7d', 'by=PROVIDER', 'ttl=model', 'user=', 'since=24h'])(
    'is not read as something near to %s',
    (text) => {
      expect(read(text).unreadable.map(({ name }) => name)).toEqual([text.split('=')[0]])
    },
  )
})

it('a period ends now, and the one before it where it begins', () => {
  expect(timesOf('6h', Date.parse('2026-11-27T13:30:00Z'))).toEqual({
    these: { since: '2026-11-27T07:30:00.000Z', until: '2026-11-27T13:30:00.000Z' },
    before: { since: '2026-11-27T01:30:00.000Z', until: '2026-11-27T07:30:00.000Z' },
  })
})

describe('the places of pauses', () => {
  const period = { since: '2026-11-27T00:00:00Z', until: '2026-11-28T00:00:00Z' }

  it('are their times across, and the logarithms of their lengths upwards', () => {
    const { path, heightOf } = placesOf(
      [
        { at: '2026-11-27T00:00:00Z', minutes: 0 },
        { at: '2026-11-27T12:00:00Z', minutes: 1_000 },
        { at: '2026-11-28T00:00:00Z', minutes: 10 },
      ],
      period,
    )
    expect(path).toBe('M0 1000h0M500 0h0M1000 500h0')
    expect(heightOf(1)).toBe(750)
  })

  it('leave room for the longest TTL, however short all pauses are', () => {
    const { heightOf } = placesOf([{ at: period.since, minutes: 1 }], period)
    expect(heightOf(60)).toBeGreaterThan(0)
    expect(heightOf(60)).toBeLessThan(heightOf(30))
  })
})
