import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestApp } from '../support/app.js'
import { type Asked, isWithin, lateRows, rowsAt, STEPS } from './asked-again.js'
import {
  byTime,
  FOLDERS,
  type KeyState,
  neighboursIn,
  percentile,
  ROWS,
  type Row,
  rate,
  SINCE,
  type Told,
  tell,
  UNTIL,
} from './chain-model.js'
import { startChainService } from './chain-service.js'

const ADVICE = `query ($since: DateTime!, $until: DateTime, $by: TtlAdviceGrouping!, $filter: UsageFilter, $first: Int) {
  ttlAdvice(since: $since, until: $until, by: $by, filter: $filter, first: $first) { ttlIsFixed groupCount groups {
    key requests intervals within5 within15 within30 within60 over60 p50Minutes p75Minutes p90Minutes maxMinutes gatewayMinutes
    currentMinutes options { minutes keptShare readShare neighbours } recommendedMinutes reason } } }`
const INTERVALS = `query ($since: DateTime!, $until: DateTime, $filter: UsageFilter!, $first: Int) {
  requestIntervals(since: $since, until: $until, filter: $filter, first: $first) {
    total sampled points { at minutes model userId apiKeyId } } }`

const period = { since: new Date(SINCE).toISOString(), until: new Date(UNTIL).toISOString() }
const OPTIONS = [5, 15, 30, 60] as const

const KEY_OF = {
  USER: ({ user }: Row) => user,
  API_KEY: ({ apiKey }: Row) => apiKey,
  PROVIDER_KEY: ({ providerKey }: Row) => providerKey,
} as const
type By = keyof typeof KEY_OF

const minutesOf = ([a, b]: readonly [Row, Row]): number => (b.at - a.at) / 60_000

function gatewayRule(p75: number, p90: number): number {
  if (p90 <= 5) return 5
  return p75 <= 15 ? 15 : p75 <= 30 ? 30 : 60
}

/** What looking at each interval says of a group; undefined if it has too few. */
function advice(
  key: string,
  by: By,
  rows: readonly Told[],
  keys: ReadonlyMap<string, KeyState>,
  isFixed: boolean,
) {
  const mine = rows.filter((row) => KEY_OF[by](row) === key).sort(byTime)
  const chained = neighboursIn(rows).filter(
    ([a, b]) =>
      a.providerKey !== null && b.providerKey !== null && !(a.at === b.at && a.providerKey !== b.providerKey),
  )
  const intervals = (
    by === 'PROVIDER_KEY'
      ? chained.filter(([first]) => first.providerKey === key).map(minutesOf)
      : mine.slice(1).map((row, at) => minutesOf([mine[at] as Row, row]))
  ).sort((a, b) => a - b)
  if (intervals.length < 10) return undefined
  const count = (over: number, upTo: number) => intervals.filter((one) => one > over && one <= upTo).length
  const options = OPTIONS.map((minutes, at) => {
    const over = OPTIONS[at - 1] ?? -1
    const band = chained.filter(
      ([a, b]) =>
        a.providerKey === b.providerKey &&
        KEY_OF[by](b) === key &&
        minutesOf([a, b]) > over &&
        minutesOf([a, b]) <= minutes,
    )
    return {
      minutes,
      keptShare: count(-1, minutes) / intervals.length,
      readShare: rate(band.map(([, second]) => second)),
      neighbours: band.length,
    }
  })
  const reading = options.filter(({ neighbours, readShare }) => neighbours >= 20 && (readShare ?? 0) >= 0.1)
  const [p75, p90] = [percentile(intervals, 0.75), percentile(intervals, 0.9)]
  return {
    key,
    requests: mine.length,
    intervals: intervals.length,
    within5: count(-1, 5),
    within15: count(5, 15),
    within30: count(15, 30),
    within60: count(30, 60),
    over60: count(60, Number.POSITIVE_INFINITY),
    p50Minutes: expect.closeTo(percentile(intervals, 0.5), 7),
    p75Minutes: expect.closeTo(p75, 7),
    p90Minutes: expect.closeTo(p90, 7),
    maxMinutes: expect.closeTo(intervals.at(-1) ?? 0, 7),
    gatewayMinutes: gatewayRule(p75, p90),
    currentMinutes: by === 'PROVIDER_KEY' && keys.has(key) ? (isFixed ? 5 : (keys.get(key)?.ttl ?? 5)) : null,
    options: options.map(({ keptShare, readShare, ...option }) => ({
      ...option,
      keptShare: expect.closeTo(keptShare, 7),
      readShare: readShare === null ? null : expect.closeTo(readShare, 7),
    })),
    recommendedMinutes: isFixed ? null : (reading.at(-1)?.minutes ?? 5),
    reason: isFixed ? 'TTL_IS_FIXED' : reading.length > 0 ? 'BAND_STILL_READS' : 'TOO_FEW_NEIGHBOURS',
  }
}

/** Many rows of few, so that groups have enough of them. */
const MANY_ROWS = fc
  .array(ROWS, { minLength: 2, maxLength: 5 })
  .map((lists) =>
    lists.flatMap((rows, list) =>
      rows.map((row) => ({ ...row, id: `${row.id}-${list}`, at: row.at + list * 7_000 })),
    ),
  )

interface Filter {
  readonly model?: string
  readonly userId?: string
  readonly apiFormat?: string
}
const FILTERS = fc.constantFrom<Filter>(
  {},
  {},
  { model: 'gpt-x' },
  { userId: 'another-user' },
  { apiFormat: 'CLAUDE' },
)

describe.each(FOLDERS)('intervals of %s', (folder) => {
  let now: number
  let service: TestApp
  let forget: () => void
  let write: (rows: readonly Row[], keys: ReadonlyMap<string, KeyState>) => Promise<void>
  beforeAll(async () => {
    now = UNTIL
    ;({ service, forget, write } = await startChainService(folder, () => now))
  })
  afterAll(() => service.close())

  it('are what looking at each says, and so is the advice, asked once and again, of any period, whatever is kept', async () => {
    await fc.assert(
      fc.asyncProperty(
        lateRows(MANY_ROWS),
        fc.array(FILTERS, { minLength: 2, maxLength: 2 }),
        fc.integer({ min: 1, max: 40 }),
        STEPS,
        async (rows, filters, first, steps) => {
          forget()
          for (const { keys, question, ...asked } of steps) {
            now = asked.now
            const there = rowsAt(rows, now)
            await write(there, keys)
            const chosen = chosenOf(there, asked, filters[question] as Filter)
            await expectAdvice(chosen, keys, asked, filters[question] as Filter)
            // Nothing is kept of intervals.
            if (question === 1) await expectIntervals(chosen, asked, filters[question] as Filter, first)
          }
        },
      ),
      { numRuns: 1 },
    )
  }, 120_000)

  const chosenOf = (rows: readonly Row[], asked: Asked, { model, userId, apiFormat }: Filter) =>
    rows
      .map((row) => tell(row, folder))
      .filter((row) => row.status === 'completed' && isWithin(row, asked))
      .filter((row) => model === undefined || row.model === model)
      .filter((row) => userId === undefined || row.user === userId)
      .filter((row) => apiFormat === undefined || row.format === apiFormat)

  const periodOf = ({ since, until }: Asked) => ({
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
  })

  async function expectAdvice(
    chosen: readonly Told[],
    keys: ReadonlyMap<string, KeyState>,
    asked: Asked,
    filter: Filter,
  ) {
    for (const by of Object.keys(KEY_OF) as By[]) {
      const { data, errors } = await service.query(ADVICE, { ...periodOf(asked), by, filter, first: 100 })
      expect(errors).toEqual([])
      const isFixed = folder === 'process-memory'
      const groups = [...new Set(chosen.map(KEY_OF[by]))]
        .filter((key) => key !== null)
        .sort()
        .flatMap((key) => advice(key, by, chosen, keys, isFixed) ?? [])
        .sort((a, b) => b.intervals - a.intervals)
      expect(data.ttlAdvice).toEqual({ ttlIsFixed: isFixed, groupCount: groups.length, groups })
    }
  }

  async function expectIntervals(chosen: readonly Told[], asked: Asked, filter: Filter, first: number) {
    const { data, errors } = await service.query(INTERVALS, {
      ...periodOf(asked),
      filter: { ...filter, apiKeyId: 'api-key-1' },
      first,
    })
    expect(errors).toEqual([])
    const mine = chosen.filter(({ apiKey }) => apiKey === 'api-key-1').sort(byTime)
    const all = mine.slice(1).map((row, at) => ({
      at: new Date(row.at).toISOString(),
      minutes: expect.closeTo(minutesOf([mine[at] as Row, row]), 7),
      model: row.model,
      userId: row.user,
      apiKeyId: 'api-key-1',
    }))
    const every = Math.max(1, Math.ceil(all.length / first))
    expect(data.requestIntervals).toEqual({
      total: all.length,
      sampled: all.length > first,
      points: all.filter((_, at) => at % every === 0),
    })
    expect(data.requestIntervals.points.length).toBeLessThanOrEqual(first)
  }
})

describe('ttlAdvice', () => {
  it('recommends the longest TTL after which the cache still reads, and else the shortest', async () => {
    const { service, write } = await startChainService('provider-keys')
    const row = (at: number, apiKey: string, read: number): Row => ({
      id: `${apiKey}-${String(at).padStart(9, '0')}`,
      at: SINCE + at * 60_000,
      status: 'completed',
      user: 'somebody',
      apiKey,
      provider: null,
      providerKey: 'key-a',
      model: 'claude-y',
      format: 'CLAUDE',
      session: null,
      input: 900,
      read,
      created: 0,
      inputPrice: null,
      readPrice: null,
      creationPrice: null,
      inputCost: 0,
      readCost: null,
      creationCost: null,
      isSettled: false,
      settledInput: null,
      writes: null,
    })
    const spaced = (apiKey: string, minutes: number, count: number, read: number) =>
      Array.from({ length: count }, (_, at) => row(at * minutes, apiKey, read))
    // Twelve-minute pauses read a tenth of the input; six-minute ones as well, but in another API key too seldom.
    await write([
      ...spaced('reads', 6, 21, 100),
      ...spaced('too-few', 6, 20, 100),
      ...spaced('reads-little', 6, 22, 99),
    ])
    const { data } = await service.query(ADVICE, { ...period, by: 'API_KEY', first: 100 })
    const advised = data.ttlAdvice.groups.map(
      ({ key, recommendedMinutes, reason }: Record<string, unknown>) => [key, recommendedMinutes, reason],
    )
    expect(advised).toEqual([
      ['reads-little', 5, 'TOO_FEW_NEIGHBOURS'],
      ['reads', 15, 'BAND_STILL_READS'],
      ['too-few', 5, 'TOO_FEW_NEIGHBOURS'],
    ])
    await service.close()
  })

  it('refuses intervals of nobody, and numbers of points beyond 1 to 10,000, also where there are no rows', async () => {
    const { service } = await startChainService('endpoint-keys')
    const codeOf = async (filter: object, first: number) =>
      (await service.query(INTERVALS, { ...period, filter, first })).errors[0]?.extensions['code']
    expect(await codeOf({ model: 'gpt-x' }, 10)).toBe('BAD_USER_INPUT')
    expect(await codeOf({ userId: 'somebody' }, 0)).toBe('BAD_USER_INPUT')
    expect(await codeOf({ userId: 'somebody' }, 10_001)).toBe('BAD_USER_INPUT')
    expect(await codeOf({ userId: 'somebody' }, 10_000)).toBeUndefined()
    await service.close()
  })
})
