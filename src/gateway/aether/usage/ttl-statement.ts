import { LEAST_INTERVALS, TTL_OPTIONS, type TtlGrouping, type TtlQuery } from '../../../usage/usage-chains.js'
import {
  CHAIN,
  type ChainColumn,
  type ChainLook,
  chainRows,
  choosing,
  createArguments,
  minutesBetween,
  missingForChains,
  missingForFilter,
  rowsOfSame,
  tellsGroups,
} from './chain-rows.js'
import { joinKeys, ttlMinutes } from './pin-ttls.js'
import type { SettlementsFound } from './usage-columns.js'
import type { UsageStatement } from './usage-statements.js'

const KEYS = {
  USER: 'user_id',
  API_KEY: 'api_key_id',
  PROVIDER_KEY: 'provider_key_id',
} as const satisfies Record<TtlGrouping, string>

const [, ...LONGER] = TTL_OPTIONS

/** The place among the options of the shortest that is not shorter; 4 beyond the last. */
const bandOf = (minutes: string): string =>
  `CASE ${TTL_OPTIONS.map((option, band) => `WHEN ${minutes} <= ${option} THEN ${band}`).join(' ')} ELSE ${LONGER.length + 1} END`

/** What tells a chain and its order. */
const CHAINED = ['id', 'at', 'api_key_id', 'provider_key_id', 'model', 'api_format', 'session'] as const

/** Neighbours in chains, as far as both name a provider key and their order is known. */
const neighbours = (rows: string, columns: readonly string[]): string => `
    SELECT ${columns.join(', ')}, provider_key_id AS second_key, first_key, ${minutesBetween('first_at', 'at')} AS minutes
      FROM (SELECT *, lag(at) OVER chain AS first_at, lag(provider_key_id) OVER chain AS first_key
              FROM (${rows}) AS chosen WHERE api_key_id IS NOT NULL
            WINDOW chain AS (${CHAIN})) AS chained
     WHERE first_key IS NOT NULL AND provider_key_id IS NOT NULL AND (first_key = provider_key_id OR first_at < at)`

const answers = (look: ChainLook, { by, filter }: TtlQuery): boolean =>
  missingForChains(look).length === 0 && missingForFilter(look, filter).length === 0 && tellsGroups(look, by)

/**
 * The statement that reads intervals by group, of groups with enough of them; undefined where the tables lack what it needs.
 * It needs no tokens, and so no settlement rows.
 */
export function intervalsOfGroups(look: ChainLook, query: TtlQuery): UsageStatement | undefined {
  const { by, filter } = query
  if (!answers(look, query)) return undefined
  const args = createArguments()
  const condition = choosing(look, query, filter, args)
  const rows = (columns: readonly ChainColumn[]) => chainRows(look, 'ONE_BY_ONE', condition, columns)
  const counts = [0, 1, 2, 3, 4].map(
    (band) => `count(*) FILTER (WHERE minutes IS NOT NULL AND ${bandOf('minutes')} = ${band})::float8`,
  )
  const spread = (from: string) => `
    SELECT key, count(*)::float8 AS requests, count(minutes)::float8 AS intervals, ARRAY[${counts.join(', ')}] AS counts,
           percentile_cont(ARRAY[0.5, 0.75, 0.9]) WITHIN GROUP (ORDER BY minutes) AS percentiles, max(minutes) AS longest
      FROM (${from}) AS intervals GROUP BY key HAVING count(minutes) >= ${LEAST_INTERVALS}`
  const figures = `intervals, ${[1, 2, 3, 4, 5].map((at) => `counts[${at}]`).join(', ')},
         ${[1, 2, 3].map((at) => `percentiles[${at}]::float8`).join(', ')}, longest::float8`
  if (by !== 'PROVIDER_KEY') {
    const key = KEYS[by]
    const sql = `
  SELECT key, requests, ${figures}, NULL::float8
    FROM (${spread(`
      SELECT ${key} AS key, ${minutesBetween('lag(at) OVER same', 'at')} AS minutes
        FROM (${rows(['id', 'at', key])}) AS chosen WHERE ${key} IS NOT NULL WINDOW same AS (${rowsOfSame(key)})`)}) AS spread`
    return { sql, args: args.values }
  }
  const current = look.mayRead('provider_api_keys', 'id')
    ? `CASE WHEN keys.id IS NOT NULL THEN ${ttlMinutes(look)} END::float8`
    : 'NULL::float8'
  // An interval is that of the key that answered the first request; its requests are all that it answered.
  const sql = `
  WITH spread AS MATERIALIZED (${spread(`SELECT first_key AS key, minutes FROM (${neighbours(rows(CHAINED), ['at'])}) AS near`)}),
  asked AS (
    SELECT provider_key_id AS key, count(*)::float8 AS requests
      FROM (${rows(['provider_key_id'])}) AS chosen WHERE provider_key_id IS NOT NULL GROUP BY 1
  )
  SELECT spread.key, COALESCE(asked.requests, 0)::float8, ${figures}, ${current}
    FROM spread LEFT JOIN asked USING (key) ${joinKeys(look, 'spread.key')}`
  return { sql, args: args.values }
}

/**
 * The statement that reads by group what neighbours that one provider key answered read from the cache after each time; undefined
 * where the tables lack what it needs. Neighbours count where the later request shows whether the cache still read: it is that
 * request's group.
 */
export function bandsOfGroups(
  look: ChainLook,
  query: TtlQuery,
  found: SettlementsFound,
): UsageStatement | undefined {
  const { by, filter } = query
  if (!answers(look, query)) return undefined
  const args = createArguments()
  const key = KEYS[by]
  const condition = choosing(look, query, filter, args)
  const columns = [...new Set<ChainColumn>([...CHAINED, 'read', 'input', key])]
  const sql = `
  SELECT key, ${bandOf('minutes')} AS band, count(*)::float8, sum(read)::float8, sum(input)::float8
    FROM (${neighbours(chainRows(look, found, condition, columns), [`${key} AS key`, 'read', 'input'])}) AS near
   WHERE first_key = second_key AND minutes <= ${TTL_OPTIONS.at(-1)} AND key IS NOT NULL
   GROUP BY 1, 2`
  return { sql, args: args.values }
}
