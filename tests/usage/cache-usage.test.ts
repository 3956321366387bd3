import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { freshDatabase } from '../support/servers/shared.js'
import { ENDPOINT_KEYS_USAGE } from './usage-table.js'

const FIGURES = `requests requestsWithCacheRead uncachedInputTokens cacheReadTokens cacheCreationTokens requestHitRate
  tokenHitRate cacheReadCostUsd cacheCreationCostUsd savedUsd creationPremiumUsd netSavedUsd actualNetSavedUsd unpricedRequests`
const QUERY = `query ($since: DateTime!, $until: DateTime, $by: UsageGrouping!, $filter: UsageFilter, $first: Int = 20) {
  cacheUsage(since: $since, until: $until, by: $by, filter: $filter, first: $first) {
    since until groupCount total { ${FIGURES} } others { ${FIGURES} }
    groups { key label start figures { ${FIGURES} } user { id } providerKey { id } } } }`

const SINCE = Date.UTC(2026, 9, 5, 10, 30)
const UNTIL = Date.UTC(2026, 9, 7, 9, 15)

interface Row {
  readonly at: number
  readonly status: string
  readonly user: string | null
  readonly providerKey: string | null
  readonly model: string
  readonly format: string
  readonly input: number
  readonly read: number
  readonly created: number
  readonly inputPrice: number | null
  readonly readPrice: number | null
  readonly creationPrice: number | null
  readonly inputCost: number
  readonly readCost: number | null
  readonly creationCost: number | null
  readonly multiplier: number | null
  readonly isSettled: boolean
  /** The figures of a settlement row; tokens that were written for 5 minutes and for an hour, if it tells no sum. */
  readonly settledInput: number | null
  readonly writes: readonly [number, number] | null
}

const tokens = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 90_000 }))
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null, freq: 2 })
const price = maybe(fc.constantFrom(0.25, 1.5, 3))
const cost = maybe(fc.constantFrom(0, 0.00125, 0.5))
const ROW: fc.Arbitrary<Row> = fc.record({
  // Some lie before the period, on its very start, at its end, and after it.
  at: fc.oneof(
    fc.constantFrom(SINCE, UNTIL, SINCE - 1_000, UNTIL - 1_000),
    fc.integer({ min: -3_600, max: 180_000 }).map((seconds) => SINCE + seconds * 1_000),
  ),
  status: fc.constantFrom('completed', 'completed', 'completed', 'failed', 'pending'),
  user: fc.constantFrom(null, 'deleted-user', 'another-user'),
  providerKey: fc.constantFrom(null, 'key-a', 'key-b'),
  model: fc.constantFrom('gpt-x', 'claude-y'),
  format: fc.constantFrom('CLAUDE', 'openai:chat', 'OPENAI_CLI', 'gemini:chat'),
  input: tokens,
  read: tokens,
  created: tokens,
  inputPrice: price,
  readPrice: price,
  creationPrice: price,
  inputCost: fc.constantFrom(0, 0.003),
  readCost: cost,
  creationCost: cost,
  multiplier: maybe(fc.constantFrom(0.5, 1, 2)),
  isSettled: fc.boolean(),
  settledInput: maybe(tokens),
  writes: maybe(fc.tuple(tokens, tokens)),
})

type Folder = 'endpoint-keys' | 'provider-keys' | 'process-memory'

/** The rows as one statement: lists of columns keep it short. */
async function write(url: string, folder: Folder, rows: readonly Row[]): Promise<void> {
  const isRust = folder === 'process-memory'
  await sql(url, `DELETE FROM usage`)
  if (isRust) await sql(url, 'DELETE FROM usage_settlement_snapshots')
  const numbered = rows.map((row, at) => ({ ...row, id: `row-${at}`, at: new Date(row.at).toISOString() }))
  const provider = folder === 'endpoint-keys' ? 'provider' : 'provider_name'
  const prices =
    folder === 'endpoint-keys' ? ['"inputPrice"', '"readPrice"', '"creationPrice"'] : ['NULL', 'NULL', 'NULL']
  const format = folder === 'endpoint-keys' ? 'api_format' : 'api_format, endpoint_api_format'
  const formats = folder === 'endpoint-keys' ? 'format' : `'converted', format`
  const COLUMNS = `id text, at timestamptz, status text, "user" text, "providerKey" text, model text, format text, input int,
    read int, created int, "inputPrice" float8, "readPrice" float8, "creationPrice" float8, "inputCost" float8,
    "readCost" float8, "creationCost" float8, multiplier float8, "isSettled" bool, "settledInput" int, writes json`
  await sql(
    url,
    `INSERT INTO usage (id, request_id, ${provider}, user_id, provider_api_key_id, model, ${format}, status, created_at,
       input_tokens, cache_read_input_tokens, cache_creation_input_tokens, input_price_per_1m, cache_read_price_per_1m,
       cache_creation_price_per_1m, input_cost_usd, cache_read_cost_usd, cache_creation_cost_usd, rate_multiplier)
     SELECT id, id, 'somebody', ${'"user"'}, "providerKey", model, ${formats}, status, at, input, read, created, ${prices.join()},
       "inputCost", "readCost", "creationCost", multiplier FROM json_to_recordset($1) AS given(${COLUMNS})`,
    [JSON.stringify(numbered)],
  )
  if (!isRust) return
  await sql(
    url,
    `INSERT INTO usage_settlement_snapshots (request_id, billing_status, rate_multiplier, input_price_per_1m,
       cache_read_price_per_1m, cache_creation_price_per_1m, billing_effective_input_tokens, billing_cache_read_tokens,
       billing_cache_creation_5m_tokens, billing_cache_creation_1h_tokens, billing_cache_read_cost_usd,
       billing_cache_creation_cost_usd)
     SELECT id, 'settled', multiplier, "inputPrice", "readPrice", "creationPrice", "settledInput", read,
       (writes->>0)::int, (writes->>1)::int, "readCost", "creationCost"
       FROM json_to_recordset($1) AS given(${COLUMNS}) WHERE "isSettled"`,
    [JSON.stringify(numbered)],
  )
}

interface Counted {
  readonly uncached: number
  readonly read: number
  readonly created: number
  readonly readCost: number | null
  readonly creationCost: number | null
  readonly priced: { readonly saved: number; readonly premium: number } | null
  readonly multiplier: number
}

/** What one row says, by the rules of its generation. */
function count(row: Row, folder: Folder): Counted {
  const settled = folder === 'process-memory' && row.isSettled
  const tellsPrices = folder === 'endpoint-keys' || settled
  const { read } = row
  const created = settled && row.writes ? row.writes[0] + row.writes[1] : row.created
  const countsWithin = folder !== 'provider-keys' && /^(openai|gemini)/i.test(row.format)
  const own = countsWithin ? Math.max(row.input - read, 0) : row.input
  const byCost = row.inputCost > 0 && row.input > 0 ? (row.inputCost * 1e6) / row.input : null
  const inputPrice = (tellsPrices ? row.inputPrice : null) ?? byCost
  const part = (count: number, price: number | null, cost: number | null) => {
    const known = cost === 0 && count > 0 && price === null ? null : cost
    return { own: known, full: known ?? (price === null ? (count === 0 ? 0 : null) : (count * price) / 1e6) }
  }
  const reads = part(read, tellsPrices ? row.readPrice : null, row.readCost)
  const writes = part(created, tellsPrices ? row.creationPrice : null, row.creationCost)
  return {
    uncached: (settled ? row.settledInput : null) ?? own,
    read,
    created,
    readCost: reads.own,
    creationCost: writes.own,
    priced:
      inputPrice === null || reads.full === null || writes.full === null
        ? null
        : {
            saved: (read * inputPrice) / 1e6 - reads.full,
            premium: writes.full - (created * inputPrice) / 1e6,
          },
    multiplier: row.multiplier ?? 1,
  }
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const sumOrNull = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : sum(known)
}
const net = (a: number | null, b: number | null) => (a === null && b === null ? null : (a ?? 0) - (b ?? 0))

function figures(rows: readonly Counted[]) {
  const of = (part: 'saved' | 'premium', times: (row: Counted) => number) =>
    sumOrNull(
      rows.map((row) =>
        row.priced && row[part === 'saved' ? 'read' : 'created'] > 0 ? row.priced[part] * times(row) : null,
      ),
    )
  const all = sum(rows.map(({ uncached, read, created }) => uncached + read + created))
  const read = sum(rows.map((row) => row.read))
  const withRead = rows.filter((row) => row.read > 0).length
  const [saved, premium] = [of('saved', () => 1), of('premium', () => 1)]
  return {
    requests: rows.length,
    requestsWithCacheRead: withRead,
    uncachedInputTokens: sum(rows.map(({ uncached }) => uncached)),
    cacheReadTokens: read,
    cacheCreationTokens: sum(rows.map(({ created }) => created)),
    requestHitRate: rows.length === 0 ? null : withRead / rows.length,
    tokenHitRate: all === 0 ? null : read / all,
    cacheReadCostUsd: sumOrNull(rows.map(({ readCost }) => readCost)),
    cacheCreationCostUsd: sumOrNull(rows.map(({ creationCost }) => creationCost)),
    savedUsd: saved,
    creationPremiumUsd: premium,
    netSavedUsd: net(saved, premium),
    actualNetSavedUsd: net(
      of('saved', ({ multiplier }) => multiplier),
      of('premium', ({ multiplier }) => multiplier),
    ),
    unpricedRequests: rows.filter(({ priced, read, created }) => !priced && read + created > 0).length,
  }
}

type Figures = ReturnType<typeof figures>
const near = (given: Figures) =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, value === null ? null : expect.closeTo(value, 6)]),
  )

const startOf = (ms: number) => (row: Row) => new Date(Math.floor(row.at / ms) * ms).toISOString()
const KEY_OF: Readonly<Record<string, (row: Row) => string | null>> = {
  TOTAL: () => null,
  USER: ({ user }) => user,
  API_KEY: () => null,
  PROVIDER: () => null,
  PROVIDER_KEY: ({ providerKey }) => providerKey,
  MODEL: ({ model }) => model,
  API_FORMAT: ({ format }) => format,
  HOUR: startOf(3_600_000),
  DAY: startOf(86_400_000),
}

const period = { since: new Date(SINCE).toISOString(), until: new Date(UNTIL).toISOString() }
/** Sums of hours that are over are kept, so that each world has a week of its own. */
const WEEK_MS = 7 * 24 * 3_600_000
let weeks = 0

describe.each(['endpoint-keys', 'provider-keys', 'process-memory'] as const)('cacheUsage of %s', (folder) => {
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp({
      database: folder === 'endpoint-keys' ? 'fixtures' : folder,
      redis: 'empty',
      env: { COST_PER_MINUTE: '0' },
    })
    // Rows outlive users and keys, also where the gateway's own deletes would unset their ids.
    if (folder === 'provider-keys')
      for (const column of ['user_id', 'provider_api_key_id'])
        await sql(service.databaseUrl, `ALTER TABLE usage DROP CONSTRAINT usage_${column}_fkey`)
    if (folder !== 'endpoint-keys') return
    await sql(service.databaseUrl, ENDPOINT_KEYS_USAGE)
    // The service looks at the tables each minute; a second one looks at its start.
    const { databaseUrl } = service
    await service.close()
    service = await startTestApp({ databaseUrl, redis: 'empty', env: { COST_PER_MINUTE: '0' } })
  })
  afterAll(() => service.close())

  it('says of random rows what adding them up one by one says, in every grouping', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(ROW, { maxLength: 25 }), async (drawn) => {
        weeks += 1
        const [since, until] = [SINCE - weeks * WEEK_MS, UNTIL - weeks * WEEK_MS]
        const rows = drawn.map((row) => ({ ...row, at: row.at - weeks * WEEK_MS }))
        await write(service.databaseUrl, folder, rows)
        const chosen = rows.filter(({ at, status }) => status === 'completed' && at >= since && at < until)
        for (const [by, keyOf] of Object.entries(KEY_OF)) {
          const { data, errors } = await service.query(QUERY, {
            since: new Date(since).toISOString(),
            until: new Date(until).toISOString(),
            by,
          })
          expect(errors).toEqual([])
          expect(data.cacheUsage.total).toEqual(near(figures(chosen.map((row) => count(row, folder)))))
          for (const group of data.cacheUsage.groups) {
            const mine = chosen.filter((row) => keyOf(row) === group.key)
            expect([by, group.key, group.figures]).toEqual([
              by,
              group.key,
              near(figures(mine.map((row) => count(row, folder)))),
            ])
          }
          const isTime = by === 'HOUR' || by === 'DAY'
          const keys = data.cacheUsage.groups.map(({ key }: { key: string | null }) => key)
          expect(keys).toHaveLength(
            by === 'TOTAL' ? 1 : by === 'HOUR' ? 48 : by === 'DAY' ? 3 : new Set(chosen.map(keyOf)).size,
          )
          if (isTime) expect(keys).toEqual([...keys].sort())
        }
      }),
      { numRuns: 5 },
    )
  }, 120_000)

  it('lists the first groups, sums the others, and filters rows', async () => {
    const row = { ...fc.sample(ROW, { numRuns: 1, seed: 1 })[0], at: SINCE, status: 'completed' } as Row
    const rows = ['key-a', 'key-a', 'key-b', null].map((providerKey) => ({ ...row, providerKey }))
    await write(service.databaseUrl, folder, rows)
    const cut = await service.query(QUERY, { ...period, by: 'PROVIDER_KEY', first: 1 })
    const { groupCount, groups, others, total } = cut.data.cacheUsage
    expect([groupCount, groups.length, total.requests]).toEqual([3, 1, 4])
    expect(others.requests).toBe(4 - groups[0].figures.requests)
    const one = await service.query(QUERY, { ...period, by: 'TOTAL', filter: { providerKeyId: 'key-a' } })
    expect(one.data.cacheUsage.total.requests).toBe(2)
  })
})

describe('cacheUsage', () => {
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp({ database: 'provider-keys', redis: 'empty' })
  })
  afterAll(() => service.close())
  const codeOf = async (variables: object) =>
    (await service.query(QUERY, { by: 'TOTAL', ...variables })).errors[0]?.extensions['code']

  it('refuses an empty period, more than 31 days, and a first beyond its range', async () => {
    const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString()
    expect(await codeOf({ since: day(1) })).toBe('BAD_USER_INPUT')
    expect(await codeOf({ since: day(-1), until: day(-1.5) })).toBe('BAD_USER_INPUT')
    expect(await codeOf({ since: day(-31.01) })).toBe('BAD_USER_INPUT')
    expect(await codeOf({ since: day(-31) })).toBeUndefined()
    expect(await codeOf({ since: day(-1), first: 0 })).toBe('BAD_USER_INPUT')
    expect(await codeOf({ since: day(-1), first: 10_001 })).toBe('BAD_USER_INPUT')
    expect(await codeOf({ since: day(-1), first: 10_000 })).toBeUndefined()
  })

  it('reads all groups by one statement, without parallel workers', async () => {
    const since = new Date(Date.now() - 3_600_000).toISOString()
    const statements = await service.statementsOf(() => service.query(QUERY, { since, by: 'MODEL' }))
    expect(
      statements.filter((text) => text.includes('GROUP BY') && !text.startsWith('EXPLAIN')),
    ).toHaveLength(1)
    expect(statements).toContain('SET LOCAL max_parallel_workers_per_gather = 0')
  })
})

it('cacheUsage is NOT_AVAILABLE, and gateway.missing names it, where there are no usage rows', async () => {
  const service = await startTestApp({ database: 'schema', redis: 'empty' })
  const { data, errors } = await service.query(
    `{ gateway { missing { field needs } } cacheUsage(since: "${new Date(Date.now() - 1_000).toISOString()}", by: USER) { groupCount } }`,
  )
  expect(data.cacheUsage).toBeNull()
  expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['NOT_AVAILABLE'])
  expect(data.gateway.missing).toContainEqual({
    field: 'cacheUsage',
    needs: expect.stringContaining('usage.created_at'),
  })
  await service.close()
})

it('a column that switches alone need is missed by switches and advice, and nothing else suffers', async () => {
  const databaseUrl = freshDatabase()
  await sql(databaseUrl, `${ENDPOINT_KEYS_USAGE}; ALTER TABLE usage DROP COLUMN provider_api_key_id`)
  const service = await startTestApp({ databaseUrl, redis: 'empty' })
  const since = new Date(Date.now() - 3_600_000).toISOString()
  const { data, errors } = await service.query(
    `{ gateway { missing { field needs } } cacheUsage(since: "${since}", by: TOTAL) { total { requests } }
       requestIntervals(since: "${since}", filter: { userId: "u" }) { total }
       switchCosts(since: "${since}", by: TOTAL) { groupCount } ttlAdvice(since: "${since}", by: USER) { groupCount } }`,
  )
  expect(data).toMatchObject({
    cacheUsage: { total: { requests: 0 } },
    requestIntervals: { total: 0 },
    switchCosts: null,
    ttlAdvice: null,
  })
  expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['NOT_AVAILABLE', 'NOT_AVAILABLE'])
  expect(data.gateway.missing).toEqual(
    expect.arrayContaining(
      ['switchCosts', 'ttlAdvice'].map((field) => ({ field, needs: 'usage.provider_api_key_id' })),
    ),
  )
  expect(data.gateway.missing).not.toContainEqual(expect.objectContaining({ field: 'cacheUsage' }))
  await service.close()
})
