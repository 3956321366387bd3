import { periodOf, type Unit } from '../../../usage/units.js'
import { LEAST_INTERVALS, TTL_OPTIONS, type TtlGrouping, type TtlQuery } from '../../../usage/usage-chains.js'
import {
  CHAIN,
  type ChainColumn,
  type ChainLook,
  type ChainRun,
  chainRows,
  choosing,
  createArguments,
  minutesBetween,
  missingForChains,
  missingForFilter,
  startsOf,
  tellsGroups,
  unitOf,
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
/** No band has neighbours that are more minutes apart. */
export const LONGEST = TTL_OPTIONS[3]

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

/** Whether the tables have what the question needs. */
export const canAdvise = (look: ChainLook, { by, filter }: Pick<TtlQuery, 'by' | 'filter'>): boolean =>
  missingForChains(look).length === 0 && missingForFilter(look, filter).length === 0 && tellsGroups(look, by)

/**
 * The statement that reads when requests came, a row a unit: its groups and the numbers of their requests as JSON, and the times of
 * one group after the other in base64: four bytes each, microseconds since the start of the unit less 1.8 billion. It needs no
 * tokens, and so no settlement rows.
 * @param units of an hour at most
 */
export function timesOfUnits(
  look: ChainLook,
  { by, filter }: TtlQuery,
  units: readonly Unit[],
): UsageStatement {
  const args = createArguments()
  const starts = startsOf(units, args)
  const key = KEYS[by]
  const rows = chainRows(look, 'ONE_BY_ONE', choosing(look, periodOf(units), filter, args), ['at', key])
  const packed = `int4send(round(date_part('epoch', at - (${starts})[unit]) * 1e6 - ${HALF_AN_HOUR_US})::int4)`
  const sql = `
  SELECT unit::float8, json_agg(key ORDER BY key COLLATE "C")::text, json_agg(requests ORDER BY key COLLATE "C")::text,
         encode(string_agg(times, ''::bytea ORDER BY key COLLATE "C"), 'base64')
    FROM (SELECT unit, key, count(*) AS requests, string_agg(${packed}, ''::bytea) AS times
            FROM (SELECT at, ${key} AS key, ${unitOf('at', starts)} AS unit FROM (${rows}) AS chosen) AS of_units
           WHERE key IS NOT NULL GROUP BY unit, key) AS groups
   GROUP BY unit`
  return { sql, args: args.values }
}

/** Half the longest time since the start of a unit, so that a time fits into four bytes with a sign. */
export const HALF_AN_HOUR_US = 1_800_000_000

/**
 * The statement that reads the intervals between neighbours in chains by the key that answered the first, of keys with enough of
 * them. It needs no tokens either.
 */
export function intervalsOfKeys(look: ChainLook, query: TtlQuery): UsageStatement {
  const args = createArguments()
  const condition = choosing(look, query, query.filter, args)
  const rows = (columns: readonly ChainColumn[]) => chainRows(look, 'ONE_BY_ONE', condition, columns)
  const counts = [0, 1, 2, 3, 4].map(
    (band) => `count(*) FILTER (WHERE ${bandOf('minutes')} = ${band})::float8`,
  )
  const current = look.mayRead('provider_api_keys', 'id')
    ? `CASE WHEN keys.id IS NOT NULL THEN ${ttlMinutes(look)} END::float8`
    : 'NULL::float8'
  // An interval is that of the key that answered the first request; its requests are all that it answered.
  const sql = `
  WITH spread AS MATERIALIZED (
    SELECT key, count(*)::float8 AS intervals, ARRAY[${counts.join(', ')}] AS counts,
           percentile_cont(ARRAY[0.5, 0.75, 0.9]) WITHIN GROUP (ORDER BY minutes) AS percentiles, max(minutes) AS longest
      FROM (SELECT first_key AS key, minutes FROM (${neighbours(rows(CHAINED), ['at'])}) AS near) AS intervals
     GROUP BY key HAVING count(*) >= ${LEAST_INTERVALS}
  ),
  asked AS (
    SELECT provider_key_id AS key, count(*)::float8 AS requests
      FROM (${rows(['provider_key_id'])}) AS chosen WHERE provider_key_id IS NOT NULL GROUP BY 1
  )
  SELECT spread.key, COALESCE(asked.requests, 0)::float8, intervals, ${[1, 2, 3, 4, 5].map((at) => `counts[${at}]`).join(', ')},
         ${[1, 2, 3].map((at) => `percentiles[${at}]::float8`).join(', ')}, longest::float8, ${current}
    FROM spread LEFT JOIN asked USING (key) ${joinKeys(look, 'spread.key')}`
  return { sql, args: args.values }
}

/**
 * The statement that reads by unit and group what neighbours that one provider key answered read from the cache after each time.
 * Neighbours count where the later request shows whether the cache still read: they are of its unit and its group.
 */
export function bandsOfUnits(
  look: ChainLook,
  { by, filter }: TtlQuery,
  { units, from }: ChainRun,
  found: SettlementsFound,
): UsageStatement {
  const args = createArguments()
  const key = KEYS[by]
  const starts = startsOf(units, args)
  const condition = choosing(look, { since: from, until: periodOf(units).until }, filter, args)
  const columns = [...new Set<ChainColumn>([...CHAINED, 'read', 'input', key])]
  const near = neighbours(chainRows(look, found, condition, columns), [
    `${unitOf('at', starts)} AS unit`,
    `${key} AS key`,
    'read',
    'input',
  ])
  const sql = `
  SELECT unit::float8, key, ${bandOf('minutes')} AS band, count(*)::float8, sum(read)::float8, sum(input)::float8
    FROM (${near}) AS near
   WHERE unit > 0 AND first_key = second_key AND minutes <= ${LONGEST} AND key IS NOT NULL
   GROUP BY unit, key, band`
  return { sql, args: args.values }
}
