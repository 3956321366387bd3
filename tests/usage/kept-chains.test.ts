/** What is kept of switches and for advice: which statements an answer takes that was given before. */
import { beforeEach, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase } from '../support/servers/shared.js'
import { ENDPOINT_KEYS_USAGE } from './usage-table.js'

const NOW = Date.UTC(2026, 10, 20, 12, 30)
const HOUR_MS = 3_600_000
const HOURS = 30
const SINCE = new Date(NOW - HOURS * HOUR_MS).toISOString()

/** A request each minute. Every third is answered by another key, and half of what was cached is lost then. */
const FILL = `INSERT INTO usage (id, request_id, provider, user_id, api_key_id, provider_api_key_id, model, api_format, status, created_at,
    input_tokens, cache_creation_input_tokens, cache_read_input_tokens, input_price_per_1m, cache_read_price_per_1m, cache_creation_price_per_1m)
  SELECT n::text, n::text, 'somebody', 'user', 'api-key', CASE WHEN n % 3 = 0 THEN 'a' ELSE 'b' END, 'm', 'CLAUDE', 'completed',
    timestamptz '${new Date(NOW).toISOString()}' - n * interval '1 minute', 500, 0,
    CASE WHEN n % 3 = 0 THEN 250 ELSE 500 END, 3, 0.3, 3.75
    FROM generate_series(1, ${HOURS * 60}) n; ANALYZE usage`

let service: TestApp
beforeEach(async () => {
  const databaseUrl = freshDatabase()
  psql(databaseUrl, `${ENDPOINT_KEYS_USAGE}; ${FILL}`)
  service = await startTestApp({ databaseUrl, redis: 'empty', now: () => NOW })
  return () => service.close()
})

const change = (text: string) => sql(service.databaseUrl, text)

/** The figures of switches, and how many statements of each kind were run for them. */
async function switches(until?: string) {
  let total: Record<string, number> = {}
  const statements = await service.statementsOf(async () => {
    const { data, errors } = await service.query(
      `{ switchCosts(since: "${SINCE}", ${until ? `until: "${until}", ` : ''}by: TOTAL) { total { pairs switches lostTokens costUsd unpricedSwitches unknownPairs } } }`,
    )
    expect(errors).toEqual([])
    total = data.switchCosts.total
  })
  const count = (part: string) =>
    statements.filter((text) => text.includes(part) && !text.startsWith('EXPLAIN')).length
  return {
    total,
    units: count('told AS MATERIALIZED'),
    prices: count('WITH quotes'),
    unknown: count('first_provider_key_id IS NULL)'),
  }
}

it('an answer of switches that was given before reads the ends of its period', async () => {
  const first = await switches()
  expect(first.total).toMatchObject({ pairs: 1_799, switches: 1_199, unpricedSwitches: 0, unknownPairs: 0 })
  const again = await switches()
  expect(again.total).toEqual({ ...first.total, costUsd: expect.closeTo(first.total['costUsd'] ?? 0, 9) })
  expect(again).toMatchObject({ units: 2, prices: 0, unknown: 0 })
})

it('a switch of the last hour takes the nearest price of the period, which is read once', async () => {
  const { total } = await switches()
  await change(
    `UPDATE usage SET input_price_per_1m = NULL, cache_read_price_per_1m = NULL, cache_creation_price_per_1m = NULL WHERE id::int < 95`,
  )
  const nearest = await switches()
  expect(nearest.total).toEqual({ ...total, costUsd: expect.closeTo(total['costUsd'] ?? 0, 9) })
  expect(nearest.prices).toBeGreaterThan(0)
  // The start of the period, of which nothing is kept, is asked again.
  expect(await switches()).toMatchObject({ units: 2, prices: 1 })
})

it('a switch takes a nearer price of the next hour, as long as that is in the period', async () => {
  const unpriced =
    'input_price_per_1m = NULL, cache_read_price_per_1m = NULL, cache_creation_price_per_1m = NULL'
  // At 9:54 and 9:57 no price is known. At 10:00 one is dearer, and that of 9:51 is further from 9:57.
  await change(`UPDATE usage SET ${unpriced} WHERE id IN ('156', '153')`)
  await change(`UPDATE usage SET input_price_per_1m = 103 WHERE id = '150'`)
  const lost = (250 * 2.7) / 1e6
  const dearer = { costUsd: expect.closeTo(599 * lost + (2 * 250 * 100) / 1e6, 9), unpricedSwitches: 0 }
  expect((await switches()).total).toMatchObject(dearer)
  const before = await switches(new Date(NOW - 150 * 60_000).toISOString())
  expect(before.total).toMatchObject({ costUsd: expect.closeTo(549 * lost, 9), unpricedSwitches: 0 })
  expect((await switches()).total).toMatchObject(dearer)
})

it('requests without a provider key are looked for in the whole period, if there are any', async () => {
  await switches()
  await change(`UPDATE usage SET provider_api_key_id = NULL WHERE id = '5'`)
  expect(await switches()).toMatchObject({ total: { pairs: 1_797, unknownPairs: 2 }, units: 2, unknown: 1 })
})

it('a TTL that is set otherwise lets all pairs be looked for anew', async () => {
  await switches()
  await change(`INSERT INTO provider_api_keys SELECT (jsonb_populate_record(one, '{"id": "a", "cache_ttl_minutes": 0}')).*
    FROM provider_api_keys AS one LIMIT 1`)
  const { total, units } = await switches()
  // No pin to it lasts: every third request begins no pair.
  expect(total).toMatchObject({ pairs: 1_199 })
  // Whether it is cut depends on the planner, which reads so small a table as a whole or by its index.
  expect(units).toBeGreaterThanOrEqual(1)
})

/** What advice says, and how many statements read times, bands, and chains with both. */
async function advice(by: 'USER' | 'PROVIDER_KEY') {
  let groups: unknown
  const statements = await service.statementsOf(async () => {
    const { data } = await service.query(
      `{ ttlAdvice(since: "${SINCE}", by: ${by}) { groups { key requests intervals within5 p90Minutes options { neighbours readShare } } } }`,
    )
    groups = data.ttlAdvice.groups
  })
  const count = (part: string) =>
    statements.filter((text) => text.includes(part) && !text.startsWith('EXPLAIN')).length
  return {
    groups,
    times: count('AS requests, string_agg'),
    bands: count('AS band'),
    chains: count('int8send'),
  }
}

it('an answer of advice that was given before reads the ends of its period', async () => {
  const first = await advice('USER')
  expect(first.groups).toMatchObject([{ requests: 1_800, intervals: 1_799, within5: 1_799, p90Minutes: 1 }])
  const again = await advice('USER')
  expect(again).toEqual({ groups: first.groups, times: 2, bands: 2, chains: 0 })
})

it('an answer of advice by provider key that was given before reads the ends of its period', async () => {
  const first = await advice('PROVIDER_KEY')
  // Each request leads to the next one, whoever answers that; the last one leads nowhere.
  expect(first.groups).toMatchObject([
    { key: 'b', requests: 1_200, intervals: 1_199 },
    { key: 'a', requests: 600, intervals: 600 },
  ])
  const again = await advice('PROVIDER_KEY')
  expect(again).toEqual({ groups: first.groups, times: 0, bands: 0, chains: 2 })
})
