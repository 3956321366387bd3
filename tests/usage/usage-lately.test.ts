/** What /metrics shows of usage: the last 24 hours, read at most once in 5 minutes. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { databaseUnavailable } from '../../src/errors.js'
import { NO_REQUESTS } from '../../src/usage/add-sums.js'
import { NO_NEIGHBOURS } from '../../src/usage/switch-costs.js'
import type { SwitchAnswer, SwitchQuery, SwitchSums } from '../../src/usage/usage-chains.js'
import { createUsageLately } from '../../src/usage/usage-lately.js'
import type { UsageQuery } from '../../src/usage/usage-rows.js'

const NOW = Date.UTC(2026, 10, 20, 12, 30)
const MINUTE_MS = 60_000
const SWITCHES = { switches: 3, lostTokens: 4_000, costUsd: 0.5, unpricedSwitches: 1 }

const answer = (sums: Partial<SwitchSums>): SwitchAnswer => ({
  tellsSessions: true,
  groups: [{ key: null, ...NO_NEIGHBOURS, ...sums }],
})

const cacheSums = vi.fn(async (_query: UsageQuery) => [
  { key: null, ...NO_REQUESTS, requests: 9, savedUsd: 5, creationPremiumUsd: 2, unpricedRequests: 4 },
])
const switchSums = vi.fn(async (_query: SwitchQuery): Promise<SwitchAnswer | null> => answer({}))
const open = () => createUsageLately({ usage: { cacheSums }, chains: { switchSums } }, () => NOW)

beforeEach(() => {
  vi.useFakeTimers()
  cacheSums.mockClear()
  switchSums.mockReset()
})
afterEach(() => vi.useRealTimers())

it('figures of the last 24 hours are read once in 5 minutes', async () => {
  const causes = { KEY_FAILED: SWITCHES, UNKNOWN: { ...SWITCHES, costUsd: 0.25 } }
  switchSums.mockResolvedValue(answer({ pairs: 10, byCause: causes }))
  const lately = open()
  const both = () => Promise.all([lately.saved(), lately.lostUsd()])
  expect(await both()).toEqual([{ netSavedUsd: 3, unpricedRequests: 4 }, 0.75])
  vi.advanceTimersByTime(5 * MINUTE_MS)
  await both()
  for (const read of [cacheSums, switchSums]) {
    expect(read).toHaveBeenCalledTimes(1)
    expect(read.mock.calls[0]?.[0]).toMatchObject({
      since: new Date(NOW - 24 * 60 * MINUTE_MS),
      until: new Date(NOW),
      by: 'TOTAL',
      filter: {},
    })
  }
  vi.advanceTimersByTime(1)
  await both()
  for (const read of [cacheSums, switchSums]) expect(read).toHaveBeenCalledTimes(2)
})

describe('what switches lost', () => {
  it.each([
    ['is 0 where each request stayed', answer({ pairs: 10 }), 0],
    [
      'is unknown where no switch has a price',
      answer({ pairs: 10, byCause: { UNKNOWN: { ...SWITCHES, costUsd: null } } }),
      null,
    ],
    ['is unknown where rows do not tell who answered', answer({ unknownPairs: 10 }), null],
    ['is unknown where the tables lack what it needs', null, undefined],
  ])('%s', async (_, found, expected) => {
    switchSums.mockResolvedValue(found)
    expect(await open().lostUsd()).toBe(expected)
  })

  it('is unknown while it cannot be read, and what was saved is shown all the same', async () => {
    switchSums.mockRejectedValue(new Error('The database is away.'))
    const lately = open()
    expect(await lately.lostUsd()).toBeUndefined()
    expect(await lately.saved()).toEqual({ netSavedUsd: 3, unpricedRequests: 4 })
  })

  it('is read again by the next scrape after an outage, and not 5 minutes later', async () => {
    const away = databaseUnavailable(new Error('ECONNREFUSED'))
    switchSums.mockRejectedValue(away)
    cacheSums.mockRejectedValueOnce(away)
    const lately = open()
    expect([await lately.saved(), await lately.lostUsd()]).toEqual([undefined, undefined])
    switchSums.mockResolvedValue(answer({ pairs: 10, byCause: { UNKNOWN: SWITCHES } }))
    expect([await lately.saved(), await lately.lostUsd()]).toEqual([
      { netSavedUsd: 3, unpricedRequests: 4 },
      0.5,
    ])
  })

  it('is shown by a later scrape where one cannot wait so long', async () => {
    let resolve = (_answer: SwitchAnswer) => {}
    switchSums.mockReturnValue(
      new Promise((done) => {
        resolve = done
      }),
    )
    const lately = open()
    const first = lately.lostUsd()
    await vi.advanceTimersByTimeAsync(8_000)
    expect(await first).toBeUndefined()
    resolve(answer({ pairs: 10, byCause: { UNKNOWN: SWITCHES } }))
    expect(await lately.lostUsd()).toBe(0.5)
    expect(switchSums).toHaveBeenCalledTimes(1)
  })
})
