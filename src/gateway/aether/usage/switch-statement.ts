import { periodOf, type Unit } from '../../../usage/units.js'
import type { SwitchQuery } from '../../../usage/usage-chains.js'
import type { Period, UsageFilter } from '../../../usage/usage-rows.js'
import {
  type Arguments,
  CHAIN,
  type ChainColumn,
  type ChainLook,
  type ChainRun,
  chainRows,
  choosing,
  createArguments,
  groupKey,
  minutesBetween,
  missingForChains,
  missingForFilter,
  startsOf,
  tellsGroups,
  unitOf,
  within,
} from './chain-rows.js'
import { microseconds, nearestPrices, QUOTES_OF_UNITS, quotesOf, type UnitBounds } from './nearest-prices.js'
import { DEFAULT_TTL_MINUTES, type KeySettings } from './pin-ttls.js'
import type { SettlementsFound } from './usage-columns.js'
import type { UsageStatement } from './usage-statements.js'

/** What tells a chain and its order, and what tells prices. */
const CHAINED = ['id', 'api_key_id', 'api_format', 'session', 'read', 'created', 'input'] as const
const QUOTED = ['at', 'model', 'provider_key_id', 'input_price', 'read_price', 'creation_price'] as const
/** What only switches are asked for: of the other neighbours it would be written to temporary files for nothing. */
const OF_SWITCHES = [
  'at',
  'first_at',
  'model',
  'provider_key_id',
  'first_provider_key_id',
  'created',
  'first_cached',
] as const
const PRICES_OF_SWITCHES = ['input_price', 'read_price', 'creation_price'] as const

type Question = Pick<SwitchQuery, 'by' | 'side' | 'filter'>

/** Whether the tables have what the question needs. */
export const canTellSwitches = (look: ChainLook, { by, filter }: Question): boolean =>
  missingForChains(look).length === 0 && missingForFilter(look, filter).length === 0 && tellsGroups(look, by)

/** The rows that a question chooses, and how it chooses switches of them. */
function chosenBy({ by, side, filter }: Question) {
  const { providerId, providerKeyId, ...ofRows } = filter
  const first = side === 'FIRST' ? 'first_' : ''
  return {
    ofRows: ofRows as UsageFilter,
    grouping: [
      ...(by === 'USER' ? (['user_id'] as const) : []),
      ...(by === 'PROVIDER' || (providerId ?? null) !== null ? (['provider_id'] as const) : []),
    ],
    ofSide: (args: Arguments): readonly string[] =>
      Object.entries({ provider_id: providerId, provider_key_id: providerKeyId }).flatMap(
        ([column, value]) =>
          value === null || value === undefined ? [] : [`${first}${column} = ${args.add(value)}`],
      ),
  }
}

function boundsOf(units: readonly Unit[], args: Arguments): UnitBounds {
  const list = (of: (unit: Unit) => Date) =>
    `${args.add(units.map((unit) => `${of(unit).getTime()}000`))}::float8[]`
  return { starts: startsOf(units, args), from: list(({ since }) => since), to: list(({ until }) => until) }
}

/**
 * The statement that reads what units say of switches. Its rows are the unit's number from 1, what the row is, its key, and
 * the rest as JSON. A pair is of the unit of its second request.
 */
export function switchStatement(
  look: ChainLook,
  query: Question & Pick<SwitchQuery, 'cleared'>,
  { units, from }: ChainRun,
  { ttls }: Pick<KeySettings, 'ttls'>,
  found: SettlementsFound,
): UsageStatement {
  const { by, side, cleared } = query
  const args = createArguments()
  const bounds = boundsOf(units, args)
  const period = periodOf(units)
  const read = { since: from, until: period.until }
  const { ofRows, grouping, ofSide } = chosenBy(query)
  const chosen = chainRows(look, found, choosing(look, read, ofRows, args), [
    ...CHAINED,
    ...QUOTED,
    ...grouping,
  ])
  // Prices are those of all rows, whichever are chosen: a switch costs the same in every view. They are read apart,
  // since most switches tell their own: to keep all rows for them takes longer than to read those of some models again.
  const quoting = chainRows(
    look,
    found,
    `${choosing(look, period, { model: ofRows.model }, args)} AND usage.model IN (SELECT model FROM needing)`,
    QUOTED,
  )
  const ttl = ttls.size === 0 ? `${DEFAULT_TTL_MINUTES}` : `COALESCE(ttls.minutes, ${DEFAULT_TTL_MINUTES})`
  const sided = ofSide(args)
  const sql = `
  WITH chosen AS (${chosen}),
  neighbours AS (
    SELECT *, lag(read + created) OVER chain AS first_cached,
           ${['at', 'provider_key_id', ...grouping].map((column) => `lag(${column}) OVER chain AS first_${column}`).join(', ')}
      FROM chosen WHERE api_key_id IS NOT NULL
    WINDOW chain AS (${CHAIN})
  ),
  told AS MATERIALIZED (
    SELECT kind, unit, read, input, session IS NULL AS is_sessionless, ${groupKey(by, side === 'FIRST')} AS key,
           CASE WHEN kind IN ('keyless', 'switched') THEN api_key_id END AS api_key_id,
           ${OF_SWITCHES.map((column) => `CASE WHEN kind = 'switched' THEN ${column} END AS ${column}`).join(', ')},
           ${PRICES_OF_SWITCHES.map((price) => `CASE WHEN kind = 'switched' THEN ${price}::float8 END AS ${price}`).join(', ')}
      FROM (SELECT neighbours.*, ${unitOf('at', bounds.starts)} AS unit,
                   CASE WHEN provider_key_id IS NULL THEN 'keyless'
                        WHEN first_provider_key_id IS NULL THEN NULL
                        WHEN provider_key_id <> first_provider_key_id AND at = first_at THEN 'unordered'
                        WHEN ${ttl} > 0 AND ${minutesBetween('first_at', 'at')} <= ${ttl}
                        THEN CASE WHEN provider_key_id = first_provider_key_id THEN 'stayed' ELSE 'switched' END
                   END AS kind
              FROM neighbours ${joinTtls(ttls, args)} OFFSET 0) AS joined
     WHERE unit > 0 AND kind IS NOT NULL${sided.length === 0 ? '' : ` AND (kind = 'keyless' OR (${sided.join(' AND ')}))`}
  ),
  switched AS MATERIALIZED (
    SELECT *, LEAST(lost, created) AS lost_created, lost - LEAST(lost, created) AS lost_other,
           ${microseconds('at')} AS us, row_number() OVER () AS n
      FROM (SELECT *, GREATEST(LEAST(first_cached, input) - read, 0) AS lost FROM told WHERE kind = 'switched') AS lossy
  ),
  ${nearestPrices(quoting, bounds)},
  ${events('failing', 'failed', failedRows(read, args), false)},
  ${events('clearing', 'cleared', clearedPins(cleared, args), true)},
  costed AS (
    SELECT switched.*, cause, CASE WHEN cause IS NULL THEN first_provider_key_id END AS left_key,
           ${['input', 'read', 'creation'].map((price) => `own_${price}, key_${price}, model_${price}`).join(', ')},
           (CASE WHEN lost_created > 0 THEN lost_created * (own_creation - own_read) ELSE 0 END
            + CASE WHEN lost_other > 0 THEN lost_other * (own_input - own_read) ELSE 0 END) / 1e6 AS cost
      FROM switched LEFT JOIN priced ON priced.n = switched.n
      LEFT JOIN failing ON failing.n = switched.n LEFT JOIN clearing ON clearing.n = switched.n,
      LATERAL (SELECT ${['input', 'read', 'creation'].map((price) => `COALESCE(${price}_price, near_${price}) AS own_${price}`).join(', ')},
                      CASE WHEN failing.n IS NOT NULL THEN 'KEY_FAILED' WHEN clearing.n IS NOT NULL THEN 'CLEARED' END AS cause) AS own
  )
  SELECT unit::float8, 'pairs', key,
         json_build_array(
           count(*) FILTER (WHERE kind IN ('stayed', 'switched')), count(*) FILTER (WHERE kind = 'unordered'),
           ${['stayed', 'switched'].flatMap((kind) => ['read', 'input'].map((tokens) => `COALESCE(sum(${tokens}) FILTER (WHERE kind = '${kind}'), 0)`)).join(', ')},
           count(*) FILTER (WHERE is_sessionless))::text
    FROM told WHERE kind <> 'keyless' GROUP BY unit, key
  UNION ALL
  SELECT DISTINCT unit::float8, 'keyless', api_key_id, NULL FROM told WHERE kind = 'keyless'
  UNION ALL
  SELECT unit::float8, 'costed', key, json_build_array(cause, left_key, count(*), sum(lost), sum(cost))::text
    FROM costed WHERE cost IS NOT NULL GROUP BY unit, key, cause, left_key
  UNION ALL
  SELECT unit::float8, 'open', key,
         json_build_array(cause, left_key, us, model, provider_key_id, lost_created, lost_other,
           ${['input', 'read', 'creation'].map((price) => `own_${price}, key_${price}, model_${price}`).join(', ')})::text
    FROM costed WHERE cost IS NULL
  UNION ALL ${QUOTES_OF_UNITS}`
  return { sql, args: args.values }
}

/** The statement that reads the first and last prices that units tell of some models. */
export function quotesStatement(
  look: ChainLook,
  units: readonly Unit[],
  models: readonly string[],
  found: SettlementsFound,
): UsageStatement {
  const args = createArguments()
  const starts = startsOf(units, args)
  const condition = `${choosing(look, periodOf(units), {}, args)} AND usage.model = ANY (${args.add(models)})`
  const sql = `WITH quotes AS MATERIALIZED (${quotesOf(chainRows(look, found, condition, QUOTED), starts)}) ${QUOTES_OF_UNITS}`
  return { sql, args: args.values }
}

/**
 * The statement that counts neighbours of which one names no provider key, at any distance, by group: of some API keys, those
 * that have such rows. The second number is that of neighbours of which no session is known.
 */
export function unknownPairsStatement(
  look: ChainLook,
  query: Question & Period,
  apiKeys: readonly string[],
): UsageStatement {
  const args = createArguments()
  const { ofRows, grouping, ofSide } = chosenBy(query)
  const columns: readonly ChainColumn[] = [
    'id',
    'at',
    'api_key_id',
    'provider_key_id',
    'model',
    'api_format',
    'session',
  ]
  const condition = `${choosing(look, query, ofRows, args)} AND usage.api_key_id = ANY (${args.add(apiKeys)})`
  const conditions = [
    'first_at IS NOT NULL',
    '(provider_key_id IS NULL OR first_provider_key_id IS NULL)',
    ...ofSide(args),
  ]
  const sql = `
  SELECT ${groupKey(query.by, query.side === 'FIRST')}, count(*)::float8, (count(*) FILTER (WHERE session IS NULL))::float8
    FROM (SELECT *, ${['at', 'provider_key_id', ...grouping].map((column) => `lag(${column}) OVER chain AS first_${column}`).join(', ')}
            FROM (${chainRows(look, 'ONE_BY_ONE', condition, [...columns, ...grouping])}) AS chosen
          WINDOW chain AS (${CHAIN})) AS neighbours
   WHERE ${conditions.join(' AND ')}
   GROUP BY 1`
  return { sql, args: args.values }
}

/** Joins the TTLs that are not the default: those that units are kept under, whatever they are set to meanwhile. */
function joinTtls(ttls: KeySettings['ttls'], args: Arguments): string {
  if (ttls.size === 0) return ''
  const [ids, minutes] = [args.add([...ttls.keys()]), args.add([...ttls.values()].map(String))]
  return `LEFT JOIN unnest(${ids}::text[], ${minutes}::float8[]) AS ttls (id, minutes) ON ttls.id = first_provider_key_id`
}

/** Failed requests, whatever their model: the key is what failed. */
const failedRows = (period: Period, args: Arguments): string => `
    SELECT usage.api_key_id::text AS api_key_id, usage.provider_api_key_id::text AS provider_key_id,
           NULL::text AS model, usage.created_at AS at
      FROM usage
     WHERE usage.status = 'failed' AND ${within(period, args)}
       AND usage.api_key_id IN (SELECT api_key_id FROM switched)`

const clearedPins = (pins: SwitchQuery['cleared'], args: Arguments): string => {
  const flat = pins.flatMap(({ models, ...pin }) => models.map((model) => ({ ...pin, model })))
  const list = (of: (pin: (typeof flat)[number]) => string) => `${args.add(flat.map(of))}::text[]`
  return `
    SELECT * FROM unnest(${list((pin) => pin.apiKeyId)}, ${list((pin) => pin.providerKeyId)}, ${list((pin) => pin.model)},
                         ${list((pin) => pin.at.toISOString())}::timestamptz[])
      AS given (api_key_id, provider_key_id, model, at)`
}

/**
 * The switches with an event of the first one's API key and provider key in between: the latest one until the second request
 * is not older than the first.
 */
const events = (name: string, table: string, rows: string, isOfModel: boolean): string => `
  ${table} AS (${rows}),
  ${name} AS (
    SELECT n FROM (
      SELECT n, first_at, max(event_at) OVER (
               PARTITION BY api_key_id COLLATE "C", provider_key_id COLLATE "C"${isOfModel ? ', model COLLATE "C"' : ''}
               ORDER BY at, n NULLS FIRST ROWS UNBOUNDED PRECEDING) AS latest
        FROM (SELECT n, api_key_id, first_provider_key_id AS provider_key_id, model, at, first_at, NULL::timestamptz AS event_at
                FROM switched
              UNION ALL
              SELECT NULL, api_key_id, provider_key_id, model, at, NULL, at FROM ${table}) AS both_kinds) AS followed
     WHERE n IS NOT NULL AND latest >= first_at
  )`
