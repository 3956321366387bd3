import type { CacheSumsOfGroup, UsageFilter, UsageGrouping, UsageQuery } from '../../../usage/usage-rows.js'
import { inputTokens, type UsageTables, uncachedTokens, usageColumns } from './usage-columns.js'

export interface Statement {
  readonly sql: string
  readonly args: readonly string[]
}

const startOf = (unit: 'hour' | 'day'): string =>
  `to_char(date_trunc('${unit}', created_at AT TIME ZONE 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS".000Z"')`

const KEYS: Readonly<Record<UsageGrouping, string>> = {
  TOTAL: 'NULL::text',
  USER: 'user_id',
  API_KEY: 'api_key_id',
  PROVIDER: 'provider_id',
  PROVIDER_KEY: 'provider_key_id',
  MODEL: 'model',
  API_FORMAT: 'api_format',
  HOUR: startOf('hour'),
  DAY: startOf('day'),
}

const FILTERS = {
  userId: 'user_id',
  apiKeyId: 'api_key_id',
  providerId: 'provider_id',
  providerKeyId: 'provider_key_id',
  model: 'model',
  apiFormat: 'api_format',
} as const satisfies Record<keyof UsageFilter, string>

const FILTER_NAMES = Object.keys(FILTERS) as (keyof UsageFilter)[]

/** The columns that are missing for the figures as a whole; empty if there are any. */
export const missingForUsage = (look: Pick<UsageTables, 'mayRead'>): readonly string[] =>
  usageColumns(look).missing

/** Makes the one statement that sums usage rows by group; undefined where the tables lack what it needs. */
export function cacheSumsStatement(
  look: UsageTables,
  { since, until, by, filter }: UsageQuery,
): Statement | undefined {
  const { from, select, missing } = usageColumns(look)
  const given = FILTER_NAMES.flatMap((name) => {
    const value = filter[name]
    return value === null || value === undefined ? [] : [{ column: FILTERS[name], value }]
  })
  const isUnknown = (column: string) => Reflect.get(select, column) === 'NULL::text'
  if (missing.length > 0 || [KEYS[by], ...given.map(({ column }) => column)].some(isUnknown)) return undefined

  const fields = Object.entries(select).map(([name, expression]) => `${expression} AS ${name}`)
  const conditions = given.map(({ column }, at) => `${Reflect.get(select, column)} = $${at + 3}`)
  const rows = `SELECT usage.created_at, ${inputTokens(look)}, ${fields.join(', ')}
      FROM ${from}
     WHERE ${["usage.status = 'completed'", 'usage.created_at >= $1::timestamptz', 'usage.created_at < $2::timestamptz', ...conditions].join(' AND ')}`
  return {
    sql: summing(rows, KEYS[by], uncachedTokens(look)),
    args: [since.toISOString(), until.toISOString(), ...given.map(({ value }) => value)],
  }
}

/** A cost of 0 for tokens that have no price is unknown: no price was set when they were counted. */
const ownCost = (part: 'read' | 'creation', tokens: string): string =>
  `CASE WHEN ${part}_cost = 0 AND ${tokens} > 0 AND ${part}_price IS NULL THEN NULL ELSE ${part}_cost END`

const summing = (rows: string, key: string, uncached: string): string => `
  WITH counted AS MATERIALIZED (
    SELECT ${key} AS key, ${uncached} AS uncached, read_tokens, created_tokens, multiplier, input_price,
           read_price, creation_price,
           ${ownCost('read', 'read_tokens')} AS read_cost,
           ${ownCost('creation', 'created_tokens')} AS creation_cost
      FROM (${rows}) AS usage_rows
  ), costed AS (
    SELECT *,
           COALESCE(read_cost, read_tokens * read_price / 1e6, CASE WHEN read_tokens = 0 THEN 0 END) AS full_read_cost,
           COALESCE(creation_cost, created_tokens * creation_price / 1e6, CASE WHEN created_tokens = 0 THEN 0 END) AS full_creation_cost
      FROM counted
  ), priced AS (
    SELECT *,
           input_price IS NOT NULL AND full_read_cost IS NOT NULL AND full_creation_cost IS NOT NULL AS is_priced,
           read_tokens * input_price / 1e6 - full_read_cost AS saved,
           full_creation_cost - created_tokens * input_price / 1e6 AS premium
      FROM costed
  )
  SELECT key,
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
   GROUP BY key`

const money = (value: unknown): number | null =>
  value === null || value === undefined ? null : Number(value)

export const cacheSumsOf = (row: readonly unknown[]): CacheSumsOfGroup => ({
  key: row[0] === null ? null : String(row[0]),
  requests: Number(row[1]),
  requestsWithCacheRead: Number(row[2]),
  uncachedInputTokens: Number(row[3]),
  cacheReadTokens: Number(row[4]),
  cacheCreationTokens: Number(row[5]),
  unpricedRequests: Number(row[6]),
  cacheReadCostUsd: money(row[7]),
  cacheCreationCostUsd: money(row[8]),
  savedUsd: money(row[9]),
  creationPremiumUsd: money(row[10]),
  actualSavedUsd: money(row[11]),
  actualPremiumUsd: money(row[12]),
})
