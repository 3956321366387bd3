import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestApp } from '../support/app.js'
import {
  FOLDERS,
  type Folder,
  isWithin,
  judge,
  KEY_STATES,
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

const QUESTION = fc.record({
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

/** What a naive look at pairs says. */
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
  const completed = rows.filter((row) => row.status === 'completed' && isWithin(row))
  const failed = rows.filter((row) => row.status === 'failed' && isWithin(row))
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

describe.each(FOLDERS)('switchCosts of %s', (folder) => {
  let service: TestApp
  let write: (rows: readonly Row[], keys: ReadonlyMap<string, KeyState>) => Promise<void>
  beforeAll(async () => {
    ;({ service, write } = await startChainService(folder))
  })
  afterAll(() => service.close())

  it('says of random rows what looking at each pair says, in every grouping, by both sides, under filters', async () => {
    await fc.assert(
      fc.asyncProperty(
        ROWS,
        KEY_STATES,
        fc.array(QUESTION, { minLength: 3, maxLength: 3 }),
        async (rows, keys, questions) => {
          await write(rows, keys)
          const told = rows.map((row) => tell(row, folder))
          for (const { by, side, filter } of questions) {
            const { data, errors } = await service.query(QUERY, { ...period, by, side, filter })
            expect(errors).toEqual([])
            const chosen = told.filter(
              (row) => row.status === 'completed' && isWithin(row) && isChosen(row, filter),
            )
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
              expect([by, group.key, group.figures]).toEqual([
                by,
                group.key,
                near(figures(mine, told, keys, folder)),
              ])
            }
            const found = groups.map(({ key }: { key: string | null }) => key)
            if (by === 'HOUR' || by === 'DAY') {
              expect(found).toHaveLength(by === 'HOUR' ? 4 : 2)
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
        },
      ),
      { numRuns: 5 },
    )
  }, 120_000)
})
