/** How usage rows are read: which statements, by which index, and never twice. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase } from '../support/servers/shared.js'
import { ENDPOINT_KEYS_USAGE } from './usage-table.js'

const NOW = Date.UTC(2026, 10, 20, 12, 30)
const HOUR_MS = 3_600_000
const iso = (ms: number) => new Date(ms).toISOString()
const ago = (hours: number) => iso(NOW - hours * HOUR_MS)

const ask = (service: TestApp, since: string, by = 'TOTAL', until: string | null = null) =>
  service.query(
    `query ($since: DateTime!, $until: DateTime, $by: UsageGrouping!) {
       cacheUsage(since: $since, until: $until, by: $by) { total { requests cacheReadTokens } groups { key figures { requests } } } }`,
    { since, by, until },
  )

/** The statements that read rows, without what is asked of the planner. */
const readsOf = async (service: TestApp, run: () => Promise<unknown>) =>
  (await service.statementsOf(run)).filter(
    (text) => text.includes('GROUP BY unit') && !text.startsWith('EXPLAIN'),
  )

let service: TestApp
const start = (databaseUrl: string) =>
  startTestApp({ databaseUrl, redis: 'empty', env: { RATE_LIMIT_VIEWER: '0' }, now: () => NOW })

/** One request each minute of so many hours before now, of users 0 to 9. */
const FILL = (
  hours: number,
) => `INSERT INTO usage (id, request_id, provider, user_id, model, api_format, status, created_at,
    input_tokens, cache_read_input_tokens, cache_creation_input_tokens)
  SELECT n::text, n::text, 'somebody', 'user-' || n % 10, 'm', 'CLAUDE', 'completed', timestamptz '${iso(NOW)}' - n * interval '1 minute',
    10, 5, 0 FROM generate_series(1, ${hours * 60}) n; ANALYZE usage`

describe('hours that are over', () => {
  beforeEach(async () => {
    const databaseUrl = freshDatabase()
    psql(databaseUrl, `${ENDPOINT_KEYS_USAGE}; ${FILL(100)}`)
    service = await start(databaseUrl)
    return () => service.close()
  })

  it('are read once: the next answer reads the ends of its period alone', async () => {
    const requests = async (since: string, by?: string) =>
      (await ask(service, since, by)).data.cacheUsage.total.requests
    expect(await requests(ago(30))).toBe(1_800)
    // A row that comes into an hour that was summed is not seen; one of the last hour is.
    await sql(service.databaseUrl, `UPDATE usage SET status = 'failed' WHERE id IN ('1', '1000')`)
    const again = await readsOf(service, async () => expect(await requests(ago(30))).toBe(1_799))
    expect(again).toHaveLength(2)
    // Hours, days and the total are added up from the same sums; users are not.
    expect(await readsOf(service, () => ask(service, ago(30), 'HOUR'))).toHaveLength(2)
    expect(await requests(ago(30), 'USER')).toBe(1_798)
  })

  it('are read a day at a time at most, where the index finds their rows', async () => {
    const reads = await readsOf(service, async () => {
      const { data } = await ask(service, ago(90), 'USER')
      expect(data.cacheUsage.groups.map(({ figures }: { figures: object }) => figures)).toEqual(
        Array(10).fill({ requests: 540 }),
      )
    })
    expect(reads.length).toBeGreaterThanOrEqual(4)
    expect(reads.length).toBeLessThanOrEqual(6)
  })

  it('of a day are read by two statements, which may run side by side', async () => {
    const reads = await readsOf(service, async () => {
      expect((await ask(service, ago(24))).data.cacheUsage.total.requests).toBe(24 * 60)
    })
    expect(reads).toHaveLength(2)
  })

  it('are shared by those who ask the same at the same moment', async () => {
    const reads = await readsOf(service, () =>
      Promise.all(Array.from({ length: 8 }, () => ask(service, ago(20)))),
    )
    // Who asks while the statement runs shares the next answer, which reads the two ends. Alone, they would have sent fifteen.
    expect(reads.length).toBeLessThan(8)
  })
})

describe('a statement', () => {
  beforeAll(async () => {
    const databaseUrl = freshDatabase()
    psql(databaseUrl, `${ENDPOINT_KEYS_USAGE}; ${FILL(500)}`)
    service = await start(databaseUrl)
  })
  afterAll(() => service.close())

  it('is refused only where it would read more than a million rows, and three times those of its period', async () => {
    const { databaseUrl } = service
    const codeOf = async (since: string) => (await ask(service, since)).errors[0]?.extensions['code']
    psql(databaseUrl, 'DROP INDEX ix_usage_created_at')
    expect(await codeOf(ago(2))).toBeUndefined()
    // The planner takes the table for as dense as its statistics say.
    psql(
      databaseUrl,
      `ALTER TABLE usage SET (autovacuum_enabled = off);
       UPDATE pg_class SET reltuples = reltuples * 100, relpages = relpages WHERE relname = 'usage'`,
    )
    expect(await codeOf(ago(3))).toBe('USAGE_TOO_EXPENSIVE')
    expect(await codeOf(ago(490))).toBeUndefined()
  })
})

it('the example of docs/savings.md is right', async () => {
  const databaseUrl = freshDatabase()
  const example = [
    ['A', 'CLAUDE', 1_000, 0, 10_000, 3, 0, 0.0375, 1],
    ['B', 'CLAUDE', 500, 10_000, 600, 3, 0.003, 0.00225, 0.8],
    ['C', 'OPENAI', 12_000, 8_000, 0, 1.25, 0.001, 0, 1],
    ['D', 'OPENAI', 3_000, 2_000, 0, null, 0, 0, 1],
  ]
  const rows = example.map(
    ([id, format, ...numbers]) =>
      `('${id}', '${id}', 'p', 'm', '${format}', 'completed', '${ago(1)}', ${numbers.map((n) => n ?? 'NULL').join()})`,
  )
  psql(
    databaseUrl,
    `${ENDPOINT_KEYS_USAGE}; INSERT INTO usage (id, request_id, provider, model, api_format, status, created_at, input_tokens,
       cache_read_input_tokens, cache_creation_input_tokens, input_price_per_1m, cache_read_cost_usd, cache_creation_cost_usd,
       rate_multiplier) VALUES ${rows.join()}`,
  )
  const one = await start(databaseUrl)
  const { data } = await one.query(
    `query ($since: DateTime!) { cacheUsage(since: $since, by: TOTAL) { total { requests uncachedInputTokens cacheReadTokens
       cacheCreationTokens tokenHitRate requestHitRate savedUsd creationPremiumUsd netSavedUsd actualNetSavedUsd unpricedRequests } } }`,
    { since: ago(2) },
  )
  const { tokenHitRate, savedUsd, creationPremiumUsd, netSavedUsd, actualNetSavedUsd, ...counts } =
    data.cacheUsage.total
  expect(counts).toEqual({
    requests: 4,
    uncachedInputTokens: 6_500,
    cacheReadTokens: 20_000,
    cacheCreationTokens: 10_600,
    requestHitRate: 0.75,
    unpricedRequests: 1,
  })
  const told = readFileSync(new URL('../../docs/savings.md', import.meta.url), 'utf8')
  const figures = { savedUsd, creationPremiumUsd, netSavedUsd, actualNetSavedUsd }
  for (const [name, value] of Object.entries(figures)) {
    expect(told, name).toContain(`**$${Number(value.toFixed(6))}**`)
  }
  expect(told).toContain(`${(100 * tokenHitRate).toFixed(1)} %`)
  await one.close()
})

it('a client that goes ends its statement at the server', async () => {
  const databaseUrl = freshDatabase()
  psql(databaseUrl, `${ENDPOINT_KEYS_USAGE}; ${FILL(1)}`)
  // Reading each row takes a minute.
  psql(
    databaseUrl,
    `ALTER TABLE usage RENAME TO rows_of_usage;
     CREATE VIEW usage AS SELECT * FROM rows_of_usage WHERE pg_sleep(60)::text = ''`,
  )
  const one = await start(databaseUrl)
  const active = () =>
    psql(
      databaseUrl,
      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%WITH counted AS%' AND query NOT LIKE 'EXPLAIN%' AND state = 'active' AND pid <> pg_backend_pid()",
    ).trim()
  const client = new AbortController()
  const asking = Promise.resolve(
    one.app.yoga.fetch('http://localhost/graphql', {
      method: 'POST',
      signal: client.signal,
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer static-admin-token-of-the-tests',
      },
      body: JSON.stringify({ query: `{ cacheUsage(since: "${ago(2)}", by: TOTAL) { groupCount } }` }),
    }),
  ).catch(() => undefined)
  const soon = { timeout: 30_000, interval: 50 }
  await vi.waitFor(() => expect(active()).toBe('1'), soon)
  client.abort()
  await asking
  await vi.waitFor(() => expect(active()).toBe('0'), soon)
  await one.close()
})

it('usage rows are read from USAGE_DATABASE_URL, if it is set, and told by /metrics, if it is asked for', async () => {
  const [databaseUrl, standby] = [freshDatabase(), freshDatabase()]
  psql(databaseUrl, ENDPOINT_KEYS_USAGE)
  // The prices of a switch that is worked out in docs/savings.md.
  const priced = (id: string, minutes: number, key: string, tokens: string) =>
    `('${id}', '${id}', 'p', 'api-key', '${key}', 'priced', 'CLAUDE', 'completed', timestamptz '${iso(NOW)}' - interval '${minutes} minutes',
       ${tokens}, 3, 0.3, 3.75)`
  psql(
    standby,
    `${ENDPOINT_KEYS_USAGE}; ${FILL(2)};
     INSERT INTO usage (id, request_id, provider, api_key_id, provider_api_key_id, model, api_format, status, created_at, input_tokens,
       cache_read_input_tokens, cache_creation_input_tokens, input_price_per_1m, cache_read_price_per_1m, cache_creation_price_per_1m)
     VALUES ${priced('A', 9, 'a', '1000, 0, 10000')}, ${priced('B', 7, 'b', '800, 0, 11200')}, ${priced('C', 4, 'b', '500, 11200, 0')}`,
  )
  const one = await startTestApp({
    databaseUrl,
    redis: 'empty',
    env: { USAGE_DATABASE_URL: standby, USAGE_METRICS: 'true', METRICS_PUBLIC: 'true' },
    now: () => NOW,
  })
  expect((await ask(one, ago(1))).data.cacheUsage.total.requests).toBe(63)
  const metrics = await (await one.app.yoga.fetch('http://localhost/metrics')).text()
  expect(metrics).toMatch(/^affinityql_unpriced_requests 120$/m)
  const figure = (name: string) => Number(new RegExp(`^affinityql_${name}_usd (.*)$`, 'm').exec(metrics)?.[1])
  // Read: 11,200 at $2.70 less than new ones; written: 21,200 at $0.75 more.
  expect(figure('net_saved')).toBeCloseTo(0.03024 - 0.0159, 9)
  expect(figure('lost_to_switches')).toBeCloseTo(0.0345, 9)
  await one.close()
})
