import { periodOf, type Unit } from '../../../usage/units.js'
import { TTL_OPTIONS, type TtlGrouping, type TtlQuery } from '../../../usage/usage-chains.js'
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
  numberOf,
  startsOf,
  tellsGroups,
  unitOf,
} from './chain-rows.js'
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
 * The statement that reads what chains tell of units, a row a unit and provider key: its requests; in base64 the times from each to
 * the next of its chain in the unit, and the first, last and only requests of chains in the unit; and for each band the neighbours that
 * the key answered, and their tokens. Chains are told by 8 bytes, times by 4 as `timesOfUnits` does. A chain that goes on from unit to
 * unit is put together by `spreadsOfKeys`.
 * @param run with units of an hour at most
 */
export function chainsOfUnits(
  look: ChainLook,
  { filter }: TtlQuery,
  { units, from }: ChainRun,
  found: SettlementsFound,
): UsageStatement {
  const args = createArguments()
  const starts = startsOf(units, args)
  const condition = choosing(look, { since: from, until: periodOf(units).until }, filter, args)
  const rows = chainRows(look, found, condition, [...CHAINED, 'read', 'input'])
  const time = (at: string) => `round(date_part('epoch', ${at}) * 1e6 - ${HALF_AN_HOUR_US})::int4`
  const end = (condition: string) =>
    `CASE WHEN is_chained AND ${condition} THEN int8send(chain) || int4send(time) END`
  const packed = {
    inside: `CASE WHEN is_chained AND NOT is_last AND next_key IS NOT NULL AND (next_key = key OR at < next_at)
              THEN int4send(${time('next_at - at')}) END`,
    firsts: end('is_first AND NOT is_last'),
    lasts: end('is_last AND NOT is_first'),
    onlys: end('is_first AND is_last'),
  }
  const bands = TTL_OPTIONS.map((minutes, band) => {
    const longer = band === 0 ? '' : `AND at - first_at > interval '${TTL_OPTIONS[band - 1]} minutes' `
    const of = `FILTER (WHERE is_chained AND first_key = key ${longer}AND at - first_at <= interval '${minutes} minutes')`
    return `count(*) ${of}::float8, sum(read) ${of}::float8, sum(input) ${of}::float8`
  })
  const sql = `
  SELECT unit::float8, key, count(*)::float8,
         ${Object.values(packed)
           .map((bytes) => `encode(string_agg(${bytes}, ''::bytea), 'base64')`)
           .join(',\n         ')},
         ${bands.join(',\n         ')}
    FROM (SELECT unit, key, at, chain, is_chained, read, input, first_at, first_key, next_at, next_key, ${time(`at - (${starts})[unit]`)} AS time,
                 (first_at >= (${starts})[unit]) IS NOT TRUE AS is_first, COALESCE(next_at >= (${starts})[unit + 1], next_at IS NULL) AS is_last
            FROM (SELECT *, lag(at) OVER in_order AS first_at, lag(key) OVER in_order AS first_key,
                         lead(at) OVER in_order AS next_at, lead(key) OVER in_order AS next_key
                    FROM (SELECT at, id, provider_key_id AS key, api_key_id IS NOT NULL AS is_chained, read, input,
                                 ${unitOf('at', starts)} AS unit, ${numberOf(0)} AS chain, ${numberOf(1)} AS more_of_chain
                            FROM (${rows}) AS chosen) AS numbered
                  WINDOW in_order AS (PARTITION BY chain, more_of_chain ORDER BY at, id COLLATE "C")) AS chained
           WHERE unit > 0) AS of_units
   GROUP BY unit, key`
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
