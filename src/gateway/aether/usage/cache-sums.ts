import type { Rows } from '../../../postgres/long-read.js'
import { periodOf, type Unit } from '../../../usage/units.js'
import {
  type CacheSumsOfGroup,
  givenIn,
  type UsageFilter,
  type UsageGrouping,
  type UsageQuery,
} from '../../../usage/usage-rows.js'
import { inputTokens, type UsageTables, uncachedTokens, usageColumns, usageTables } from './usage-columns.js'
import type { UsageStatement } from './usage-statements.js'

const KEYS: Readonly<Record<UsageGrouping, string>> = {
  TOTAL: 'NULL::text',
  USER: 'user_id',
  API_KEY: 'api_key_id',
  PROVIDER: 'provider_id',
  PROVIDER_KEY: 'provider_key_id',
  MODEL: 'model',
  API_FORMAT: 'api_format',
  // The time is known from the unit of a row.
  HOUR: 'NULL::text',
  DAY: 'NULL::text',
}

const FILTERS = {
  userId: 'user_id',
  apiKeyId: 'api_key_id',
  providerId: 'provider_id',
  providerKeyId: 'provider_key_id',
  model: 'model',
  apiFormat: 'api_format',
} as const satisfies Record<keyof UsageFilter, string>

/** The columns that are missing for the figures as a whole; empty if there are any. */
export const missingForUsage = (look: Pick<UsageTables, 'mayRead'>): readonly string[] =>
  usageColumns(look).missing

/** Whether the tables have what the question needs. */
export function canSum(look: UsageTables, { by, filter }: Pick<UsageQuery, 'by' | 'filter'>): boolean {
  const { select, missing } = usageColumns(look)
  const isKnown = (column: string) => Reflect.get(select, column) !== 'NULL::text'
  return (
    missing.length === 0 && [...keyColumns(by), ...givenOf(filter).map(({ column }) => column)].every(isKnown)
  )
}

const keyColumns = (by: UsageGrouping): readonly string[] => (KEYS[by] === 'NULL::text' ? [] : [KEYS[by]])

const givenOf = (filter: UsageFilter) =>
  givenIn(filter).map((name) => ({ column: FILTERS[name], value: String(filter[name]) }))

/**
 * Makes the statement that sums usage rows by unit and group.
 * @param units they follow on each other, oldest first; at least one
 */
export function cacheSumsStatement(
  look: UsageTables,
  { by, filter }: Pick<UsageQuery, 'by' | 'filter'>,
  units: readonly Unit[],
): UsageStatement {
  const { select } = usageColumns(look)
  const given = givenOf(filter)
  const fields = Object.entries(select).map(([name, expression]) => `${expression} AS ${name}`)
  const conditions = [
    "usage.status = 'completed'",
    'usage.created_at >= $1::timestamptz',
    'usage.created_at < $2::timestamptz',
    ...given.map(({ column }, at) => `${Reflect.get(select, column)} = $${at + 4}`),
  ]
  const rows = `SELECT width_bucket(usage.created_at, $3::timestamptz[]) AS unit, ${inputTokens(look)}, ${fields.join(', ')}
      FROM ${usageTables(look, 'ONE_BY_ONE')}
     WHERE ${conditions.join(' AND ')}`
  const { since, until } = periodOf(units)
  return {
    sql: summing(rows, KEYS[by], uncachedTokens(look)),
    args: [
      since.toISOString(),
      until.toISOString(),
      units.map((unit) => unit.since.toISOString()),
      ...given.map(({ value }) => value),
    ],
  }
}

/** A cost of 0 for tokens that have no price is unknown: no price was set when they were counted. */
const ownCost = (part: 'read' | 'creation', tokens: string): string =>
  `CASE WHEN ${part}_cost = 0 AND ${tokens} > 0 AND ${part}_price IS NULL THEN NULL ELSE ${part}_cost::float8 END`

// OFFSET 0 lets each step be computed once for a row, without keeping the rows.
const summing = (rows: string, key: string, uncached: string): string => `
  WITH counted AS (
    SELECT unit, ${key} AS key, ${uncached} AS uncached, read_tokens, created_tokens,
           CASE WHEN multiplier = 1 THEN 1 ELSE multiplier::float8 END AS multiplier,
           input_price::float8 AS input_price, read_price, creation_price,
           ${ownCost('read', 'read_tokens')} AS read_cost,
           ${ownCost('creation', 'created_tokens')} AS creation_cost
      FROM (${rows}) AS usage_rows OFFSET 0
  ), costed AS (
    SELECT *,
           COALESCE(read_cost, read_tokens * read_price::float8 / 1e6, CASE WHEN read_tokens = 0 THEN 0 END) AS full_read_cost,
           COALESCE(creation_cost, created_tokens * creation_price::float8 / 1e6, CASE WHEN created_tokens = 0 THEN 0 END) AS full_creation_cost
      FROM counted OFFSET 0
  ), priced AS (
    SELECT *,
           input_price IS NOT NULL AND full_read_cost IS NOT NULL AND full_creation_cost IS NOT NULL AS is_priced,
           read_tokens * input_price / 1e6 - full_read_cost AS saved,
           full_creation_cost - created_tokens * input_price / 1e6 AS premium
      FROM costed OFFSET 0
  )
  SELECT unit, key,
         count(*)::float8,
         count(*) FILTER (WHERE read_tokens > 0)::float8,
         sum(uncached)::float8,
         sum(read_tokens)::float8,
         sum(created_tokens)::float8,
         count(*) FILTER (WHERE NOT is_priced AND read_tokens + created_tokens > 0)::float8,
         sum(read_cost)::float8,
         sum(creation_cost)::float8,
         sum(saved) FILTER (WHERE is_priced AND read_tokens > 0)::float8,
         sum(premium) FILTER (WHERE is_priced AND created_tokens > 0)::float8,
         sum(saved * multiplier) FILTER (WHERE is_priced AND read_tokens > 0)::float8,
         sum(premium * multiplier) FILTER (WHERE is_priced AND created_tokens > 0)::float8
    FROM priced
   GROUP BY unit, key`

const money = (value: unknown): number | null =>
  value === null || value === undefined ? null : Number(value)

/** @param row with the number of its unit before all else, from 1 */
const cacheSumsOf = (row: readonly unknown[]): CacheSumsOfGroup => ({
  key: row[1] === null ? null : String(row[1]),
  requests: Number(row[2]),
  requestsWithCacheRead: Number(row[3]),
  uncachedInputTokens: Number(row[4]),
  cacheReadTokens: Number(row[5]),
  cacheCreationTokens: Number(row[6]),
  unpricedRequests: Number(row[7]),
  cacheReadCostUsd: money(row[8]),
  cacheCreationCostUsd: money(row[9]),
  savedUsd: money(row[10]),
  creationPremiumUsd: money(row[11]),
  actualSavedUsd: money(row[12]),
  actualPremiumUsd: money(row[13]),
})

/** The groups of each unit, in the order of the units. */
export function groupsOfUnits(rows: Rows, units: readonly Unit[]): readonly (readonly CacheSumsOfGroup[])[] {
  const found = units.map((): CacheSumsOfGroup[] => [])
  for (const row of rows) found[Number(row[0]) - 1]?.push(cacheSumsOf(row))
  return found
}
