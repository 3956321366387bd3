import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestApp } from '../support/app.js'
import { type Asked, isWithin, lateRows, rowsAt, STEPS } from './asked-again.js'
import {
  FOLDERS,
  type Folder,
  judge,
  KEYS,
  type KeyState,
  neighboursIn,
  ROWS,
  type Row,
  rate,
  SINCE,
  sum,
  sumOrNull,
  type Told,
  tell,
  UNTIL,
} from './chain-model.js'
import { startChainService } from './chain-service.js'

const FIGURES = `pairs switches lostTokens costUsd unpricedSwitches unknownPairs unorderedPairs hitRateSameKey hitRateSwitched
  byCause { cause switches costUsd }`
const QUERY = `query ($since: DateTime!, $until: DateTime, $by: UsageGrouping!, $side: SwitchSide, $filter: UsageFilter, $first: Int = 1000) {
  switchCosts(since: $since, until: $until, by: $by, side: $side, filter: $filter, first: $first) {
    since until by sessionsKnown groupCount total { ${FIGURES} } others { ${FIGURES} } groups { key label start figures { ${FIGURES} } } } }`

const period = { since: new Date(SINCE).toISOString(), until: new Date(UNTIL).toISOString() }

type Pair = readonly [Told, Told]

const startOf = (ms: number) => (row: Row) => new Date(Math.floor(row.at / ms) * ms).toISOString()
const KEY_OF: Readonly<Record<string, (row: Row) => string | null>> = {
  TOTAL: () => null,
  USER: ({ user }) => user,
  API_KEY: ({ apiKey }) => apiKey,
  PROVIDER: ({ provider }) => provider,
  PROVIDER_KEY: ({ providerKey }) => providerKey,
  MODEL: ({ model }) => model,
  API_FORMAT: ({ format }) => format,
  HOUR: startOf(3_600_000),
  DAY: startOf(86_400_000),
}

interface Filter {
  readonly userId?: string
  readonly apiKeyId?: string
  readonly providerId?: string
  readonly providerKeyId?: string
  readonly model?: string
  readonly apiFormat?: string
}

interface Question {
  readonly by: string
  readonly side: string
  readonly filter: Filter
}

const QUESTION: fc.Arbitrary<Question> = fc.record({
  by: fc.constantFrom(...Object.keys(KEY_OF)),
  side: fc.constantFrom('FIRST', 'SECOND'),
  filter: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Filter>({}) },
    {
      weight: 2,
      arbitrary: fc.record<Filter>(
        {
          userId: fc.constant('another-user'),
          apiKeyId: fc.constant('api-key-1'),
          providerId: fc.constant('provider-x'),
          providerKeyId: fc.constant('key-a'),
          model: fc.constant('gpt-x'),
          apiFormat: fc.constant('CLAUDE'),
        },
        { requiredKeys: [] },
      ),
    },
  ),
})

const isChosen = (row: Row, { userId, apiKeyId, model, apiFormat }: Filter): boolean =>
  (userId === undefined || row.user === userId) &&
  (apiKeyId === undefined || row.apiKey === apiKeyId) &&
  (model === undefined || row.model === model) &&
  (apiFormat === undefined || row.format === apiFormat)

const isOfSide = (row: Row, { providerId, providerKeyId }: Filter): boolean =>
  (providerId === undefined || row.provider === providerId) &&
  (providerKeyId === undefined || row.providerKey === providerKeyId)

const isUnknown = ([a, b]: Pair) => a.providerKey === null || b.providerKey === null
const isUnordered = ([a, b]: Pair) => !isUnknown([a, b]) && a.at === b.at && a.providerKey !== b.providerKey

/** What a naive look at pairs says. @param rows those of the period */
function figures(
  neighbours: readonly Pair[],
  rows: readonly Told[],
  keys: ReadonlyMap<string, KeyState>,
  folder: Folder,
) {
  const ttlOf = ({ providerKey }: Row) =>
    folder === 'process-memory' ? 5 : (keys.get(providerKey ?? '')?.ttl ?? 5)
  const pairs = neighbours.filter(
    ([a, b]) =>
      !isUnknown([a, b]) && !isUnordered([a, b]) && ttlOf(a) > 0 && b.at - a.at <= ttlOf(a) * 60_000,
  )
  const stayed = pairs.filter(([a, b]) => a.providerKey === b.providerKey)
  const switched = pairs.filter(([a, b]) => a.providerKey !== b.providerKey)
  const completed = rows.filter((row) => row.status === 'completed')
  const failed = rows.filter((row) => row.status === 'failed')
  const judged = switched.map((pair) => judge(pair, completed, failed, keys))
  return {
    pairs: pairs.length,
    switches: switched.length,
    lostTokens: sum(judged.map(({ lost }) => lost)),
    costUsd: sumOrNull(judged.map(({ cost }) => cost)),
    unpricedSwitches: judged.filter(({ cost }) => cost === null).length,
    unknownPairs: neighbours.filter(isUnknown).length,
    unorderedPairs: neighbours.filter(isUnordered).length,
    hitRateSameKey: rate(stayed.map(([, second]) => second)),
    hitRateSwitched: rate(switched.map(([, second]) => second)),
    byCause: ['KEY_FAILED', 'CLEARED', 'KEY_INACTIVE', 'UNKNOWN'].flatMap((cause) => {
      const mine = judged.filter((one) => one.cause === cause)
      const costUsd = sumOrNull(mine.map(({ cost }) => cost))
      return mine.length === 0 ? [] : [{ cause, switches: mine.length, costUsd }]
    }),
  }
}

type Figures = ReturnType<typeof figures>
const close = (value: unknown) => (typeof value === 'number' ? expect.closeTo(value, 7) : value)
const near = ({ byCause, ...given }: Figures) => ({
  ...Object.fromEntries(Object.entries(given).map(([name, value]) => [name, close(value)])),
  byCause: byCause.map(({ costUsd, ...one }) => ({ ...one, costUsd: close(costUsd) })),
})

/** A request that wrote 9,000 tokens to the cache. Each generation tells the same prices in its way. */
const REQUEST: Row = {
  id: '',
  at: SINCE,
  status: 'completed',
  user: 'another-user',
  apiKey: 'api-key-1',
  provider: 'provider-x',
  providerKey: 'key-a',
  model: 'claude-y',
  format: 'CLAUDE',
  session: 'one',
  input: 1_000,
  read: 0,
  created: 9_000,
  inputPrice: 3,
  readPrice: 0.3,
  creationPrice: 3.75,
  inputCost: 0.003,
  readCost: 0,
  creationCost: 0.03375,
  isSettled: true,
  settledInput: null,
  writes: null,
}
const at = (minutes: number) => ({ at: SINCE + minutes * 60_000 })
const [KEY_A, KEY_B] = [{ providerKey: 'key-a' }, { providerKey: 'key-b' }]
const UNPRICED = { inputPrice: null, readPrice: null, creationPrice: null, inputCost: 0, creationCost: 0 }
const NONE = { pairs: 0, switches: 0, unknownPairs: 0, unorderedPairs: 0 }
const ONE = { ...NONE, pairs: 1, switches: 1, lostTokens: 9_000 }
const STAYED = { ...NONE, pairs: 1, lostTokens: 0, causes: [] }

type Expected = Readonly<Record<string, unknown>>
/** What random rows have by chance, one by one. */
const CASES: readonly (readonly [
  string,
  readonly Partial<Row>[],
  Expected | ((folder: Folder) => Expected),
])[] = [
  ['a switch', [{ ...at(0) }, { ...at(1), ...KEY_B }], { ...ONE, causes: ['UNKNOWN'] }],
  [
    'requests of a standalone key, which has no user',
    [
      { ...at(0), user: null },
      { ...at(1), user: null, ...KEY_B },
    ],
    { ...ONE, users: [null] },
  ],
  [
    'requests of a deleted user at a deleted provider key, whose TTL is taken for 5 minutes',
    [
      { ...at(0), user: 'deleted-user', providerKey: 'key-deleted' },
      { ...at(5), user: 'deleted-user' },
      { ...at(10.1), user: 'deleted-user', providerKey: 'key-deleted' },
    ],
    { ...ONE, users: ['deleted-user'] },
  ],
  [
    'no failed and no pending request',
    [
      { ...at(0) },
      { ...at(1), ...KEY_B, status: 'failed' },
      { ...at(2), ...KEY_B, status: 'pending' },
      { ...at(3) },
    ],
    STAYED,
  ],
  [
    'a retry at another key after the first one failed',
    [{ ...at(0) }, { ...at(1), status: 'failed' }, { ...at(1), ...KEY_B }],
    { ...ONE, causes: ['KEY_FAILED'] },
  ],
  [
    'two requests at the same instant as unordered',
    [{ ...at(0) }, { ...at(0), ...KEY_B }],
    { ...NONE, unorderedPairs: 1 },
  ],
  ['two requests of one key at the same instant as a pair', [{ ...at(0) }, { ...at(0) }], { ...STAYED }],
  ['no pair of which one lies before the period', [{ ...at(-1) }, { ...at(1), ...KEY_B }], NONE],
  [
    'a request without a provider key as unknown, at any distance',
    [{ ...at(0) }, { ...at(100), providerKey: null }],
    { ...NONE, unknownPairs: 1 },
  ],
  [
    'sessions apart where rows tell them',
    [{ ...at(0) }, { ...at(1), ...KEY_B, session: 'two' }],
    (folder) =>
      folder === 'process-memory' ? { ...NONE, sessionsKnown: true } : { ...ONE, sessionsKnown: false },
  ],
  [
    'requests that tell no session as of one',
    [
      { ...at(0), session: null },
      { ...at(1), ...KEY_B, session: null },
    ],
    { ...ONE, sessionsKnown: false },
  ],
  [
    'a switch of a model without a price as unpriced',
    [
      { ...at(0), ...UNPRICED },
      { ...at(1), ...KEY_B, ...UNPRICED },
    ],
    { ...ONE, costUsd: null, unpricedSwitches: 1 },
  ],
  [
    'writes for 5 minutes and for an hour in one row together',
    [
      { ...at(0), created: 0, writes: [4_000, 5_000] },
      { ...at(1), ...KEY_B },
    ],
    (folder) => (folder === 'process-memory' ? ONE : { ...ONE, lostTokens: 0 }),
  ],
  [
    'tokens of a converted request by the format of the endpoint, which counts those read within the input',
    [
      { ...at(0), format: 'openai:chat', input: 9_000, read: 8_000, created: 0 },
      { ...at(1), ...KEY_A, format: 'openai:chat', input: 9_000, read: 8_000, created: 0 },
    ],
    (folder) => ({
      ...STAYED,
      hitRateSameKey: expect.closeTo(folder === 'provider-keys' ? 8 / 17 : 8 / 9, 9),
    }),
  ],
]

describe.each(FOLDERS)('switchCosts of %s', (folder) => {
  let now: number
  let service: TestApp
  let forget: () => void
  let write: (rows: readonly Row[], keys: ReadonlyMap<string, KeyState>) => Promise<void>
  beforeAll(async () => {
    now = UNTIL
    ;({ service, forget, write } = await startChainService(folder, () => now))
  })
  afterAll(() => service.close())

  it('says of random rows what looking at each pair says, asked once and again, of any period, whatever is kept', async () => {
    await fc.assert(
      fc.asyncProperty(
        lateRows(ROWS),
        fc.array(QUESTION, { minLength: 2, maxLength: 2 }),
        STEPS,
        async (rows, questions, steps) => {
          forget()
          for (const { keys, question, ...asked } of steps) {
            now = asked.now
            const there = rowsAt(rows, now)
            await write(there, keys)
            await expectRight(there, keys, asked, questions[question] as Question)
          }
        },
      ),
      { numRuns: 2 },
    )
  }, 120_000)

  async function expectRight(
    rows: readonly Row[],
    keys: ReadonlyMap<string, KeyState>,
    asked: Asked,
    { by, side, filter }: Question,
  ): Promise<void> {
    const [since, until] = [new Date(asked.since).toISOString(), new Date(asked.until).toISOString()]
    const { data, errors } = await service.query(QUERY, { since, until, by, side, filter })
    expect(errors).toEqual([])
    const told = rows.map((row) => tell(row, folder)).filter((row) => isWithin(row, asked))
    const chosen = told.filter((row) => row.status === 'completed' && isChosen(row, filter))
    const sideOf = ([first, second]: Pair) => (side === 'FIRST' ? first : second)
    const all = neighboursIn(chosen).filter((pair) => isOfSide(sideOf(pair), filter))
    const counted = all.filter(
      (pair) => figures([pair], told, keys, folder).pairs > 0 || isUnknown(pair) || isUnordered(pair),
    )
    const { total, groups, groupCount, sessionsKnown } = data.switchCosts
    expect(total).toEqual(near(figures(all, told, keys, folder)))
    expect(sessionsKnown).toBe(
      folder === 'process-memory' && counted.every(([, { session }]) => session !== null),
    )
    const keyOf = KEY_OF[by] as (row: Row) => string | null
    for (const group of groups) {
      const mine = all.filter((pair) => keyOf(sideOf(pair)) === group.key)
      expect([by, group.key, group.figures]).toEqual([by, group.key, near(figures(mine, told, keys, folder))])
    }
    const found = groups.map(({ key }: { key: string | null }) => key)
    if (by === 'HOUR' || by === 'DAY') {
      const ms = by === 'HOUR' ? 3_600_000 : 86_400_000
      expect(found).toHaveLength(Math.ceil(asked.until / ms) - Math.floor(asked.since / ms))
      expect(found).toEqual([...found].sort())
    } else {
      const expected = new Set(by === 'TOTAL' ? [null] : counted.map((pair) => keyOf(sideOf(pair))))
      expect(new Set(found)).toEqual(expected)
      expect(found).toHaveLength(expected.size)
      expect(groupCount).toBe(expected.size)
      const costs = groups.map(
        ({ figures: { costUsd } }: { figures: Figures }) => costUsd ?? Number.NEGATIVE_INFINITY,
      )
      expect(costs).toEqual([...costs].sort((a, b) => b - a))
    }
  }

  it.each(CASES)('counts %s', async (_what, rows, expected) => {
    forget()
    now = UNTIL
    await write(
      rows.map((row, at) => ({ ...REQUEST, id: `row-${at}`, ...row })),
      new Map(KEYS.slice(0, 3).map((id) => [id, { ttl: 5, isActive: true }])),
    )
    const { data } = await service.query(QUERY, { ...period, by: 'USER', side: 'SECOND', filter: {} })
    const { total, groups, sessionsKnown } = data.switchCosts
    const found = {
      ...total,
      causes: total.byCause.map(({ cause }: { cause: string }) => cause),
      users: groups.map(({ key }: { key: string | null }) => key),
      sessionsKnown,
    }
    expect(found).toMatchObject(typeof expected === 'function' ? expected(folder) : expected)
  })
})
