import { LEAST_INTERVALS, TTL_OPTIONS, type TtlGrouping, type TtlQuery } from '../../../usage/usage-chains.js'
import {
  CHAIN,
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
import { joinKeys, ttlMinutes } from './switch-statement.js'
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

/**
 * The one statement that reads intervals by group, of groups with enough of them, and what neighbours in chains read from the
 * cache after each time; undefined where the tables lack what it needs.
 */
export function ttlStatement(
  look: ChainLook,
  query: TtlQuery,
  found: SettlementsFound,
): UsageStatement | undefined {
  const { by, filter } = query
  if (missingForChains(look).length > 0 || missingForFilter(look, filter).length > 0) return undefined
  if (!tellsGroups(look, by)) return undefined
  const args = createArguments()
  const key = KEYS[by]
  const ofKey = by === 'PROVIDER_KEY'
  const counts = [0, 1, 2, 3, 4].map(
    (band) => `count(*) FILTER (WHERE ${bandOf('minutes')} = ${band})::float8`,
  )
  const columns = [
    ...new Set([
      ...([
        'id',
        'at',
        'api_key_id',
        'provider_key_id',
        'model',
        'api_format',
        'session',
        'read',
        'input',
      ] as const),
      key,
    ]),
  ]
  // Neighbours count where the later request shows whether the cache still read: it is that request's group.
  const sql = `
  WITH chosen AS MATERIALIZED (${chainRows(look, found, choosing(look, query, filter, args), columns)}),
  neighbours AS ${ofKey ? 'MATERIALIZED ' : ''}(
    SELECT ${[...new Set([key, 'provider_key_id'])].join(', ')}, first_key, read, input, ${minutesBetween('first_at', 'at')} AS minutes
      FROM (SELECT *, lag(at) OVER chain AS first_at, lag(provider_key_id) OVER chain AS first_key
              FROM chosen WHERE api_key_id IS NOT NULL
            WINDOW chain AS (${CHAIN})) AS chained
     WHERE first_key IS NOT NULL AND provider_key_id IS NOT NULL AND (first_key = provider_key_id OR first_at < at)
  ),
  intervals AS (${
    ofKey
      ? 'SELECT first_key AS key, minutes FROM neighbours'
      : `SELECT key, minutes
           FROM (SELECT ${key} AS key, ${minutesBetween('lag(at) OVER same', 'at')} AS minutes
                   FROM chosen WHERE ${key} IS NOT NULL WINDOW same AS (${rowsOfSame(key)})) AS distances
          WHERE minutes IS NOT NULL`
  }),
  spread AS MATERIALIZED (
    SELECT key, count(*)::float8 AS intervals, ARRAY[${counts.join(', ')}] AS counts,
           percentile_cont(ARRAY[0.5, 0.75, 0.9]) WITHIN GROUP (ORDER BY minutes) AS percentiles, max(minutes) AS longest
      FROM intervals GROUP BY key HAVING count(*) >= ${LEAST_INTERVALS}
  ),
  asked AS (SELECT ${key} AS key, count(*)::float8 AS requests FROM chosen WHERE ${key} IS NOT NULL GROUP BY 1),
  bands AS (
    SELECT ${key} AS key, ${bandOf('minutes')} AS band, count(*)::float8 AS neighbours, sum(read)::float8 AS read,
           sum(input)::float8 AS input
      FROM neighbours WHERE first_key = provider_key_id AND minutes <= ${TTL_OPTIONS.at(-1)} AND ${key} IS NOT NULL
     GROUP BY 1, 2
  ),
  listed AS (
    SELECT key, ARRAY[${TTL_OPTIONS.map((_, band) => ['neighbours', 'read', 'input'].map((name) => `COALESCE(sum(${name}) FILTER (WHERE band = ${band}), 0)`).join(', ')).join(', ')}]::float8[] AS figures
      FROM bands GROUP BY key
  )
  SELECT spread.key, COALESCE(requests, 0)::float8, intervals, ${[1, 2, 3, 4, 5].map((at) => `counts[${at}]`).join(', ')},
         ${[1, 2, 3].map((at) => `percentiles[${at}]::float8`).join(', ')}, longest::float8,
         ${ofKey && look.mayRead('provider_api_keys', 'id') ? `CASE WHEN keys.id IS NOT NULL THEN ${ttlMinutes(look)} END::float8` : 'NULL::float8'},
         ${TTL_OPTIONS.flatMap((_, band) => [1, 2, 3].map((at) => `COALESCE(figures[${band * 3 + at}], 0)::float8`)).join(', ')}
    FROM spread LEFT JOIN asked USING (key) LEFT JOIN listed USING (key) ${ofKey ? joinKeys(look, 'spread.key') : ''}`
  return { sql, args: args.values }
}
