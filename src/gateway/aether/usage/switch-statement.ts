import type { SwitchQuery } from '../../../usage/usage-chains.js'
import {
  type Arguments,
  CHAIN,
  type ChainLook,
  chainRows,
  choosing,
  createArguments,
  groupKey,
  type Half,
  minutesBetween,
  missingForChains,
  missingForFilter,
  ofHalf,
  tellsGroups,
  within,
} from './chain-rows.js'
import { nearestPrices } from './nearest-prices.js'
import type { SettlementsFound } from './usage-columns.js'
import type { UsageStatement } from './usage-statements.js'

/** Minutes that a pin lasts where nothing else is known. */
export const DEFAULT_TTL_MINUTES = 5
export const PROVIDER_KEYS = 'provider_api_keys'

/** The TTL in minutes of the pins to a provider key, whose row is joined as `keys`. */
export const ttlMinutes = ({ generation, mayRead }: ChainLook): string =>
  generation !== 'PROCESS_MEMORY' && mayRead(PROVIDER_KEYS, 'id', 'cache_ttl_minutes')
    ? `COALESCE(keys.cache_ttl_minutes, ${DEFAULT_TTL_MINUTES})`
    : `${DEFAULT_TTL_MINUTES}`

/** Joins the rows of provider keys as `keys`, if they can be read. */
export const joinKeys = ({ mayRead }: ChainLook, id: string): string =>
  mayRead(PROVIDER_KEYS, 'id') ? `LEFT JOIN ${PROVIDER_KEYS} AS keys ON keys.id::text = ${id}` : ''

/** What tells a chain and its order, and what tells prices. */
const CHAINED = ['id', 'api_key_id', 'api_format', 'session', 'read', 'created', 'input'] as const
const QUOTED = ['at', 'model', 'provider_key_id', 'input_price', 'read_price', 'creation_price'] as const
/** What only switches are asked for: of the other neighbours it would be written to temporary files for nothing. */
const OF_SWITCHES = [
  'at',
  'first_at',
  'api_key_id',
  'model',
  'provider_key_id',
  'first_provider_key_id',
  'is_inactive',
  'created',
  'first_cached',
  'input_price',
  'read_price',
  'creation_price',
] as const

/**
 * The statement that sums neighbours in chains, of all API keys or one half of them; undefined where the tables lack what it
 * needs. Its rows are sums of a group, and then sums of one cause in a group.
 */
export function switchStatement(
  look: ChainLook,
  query: SwitchQuery,
  found: SettlementsFound,
  half?: Half,
): UsageStatement | undefined {
  const { by, side, filter, cleared } = query
  if (missingForChains(look).length > 0 || missingForFilter(look, filter).length > 0) return undefined
  if (!tellsGroups(look, by)) return undefined
  const { providerId, providerKeyId, ...ofRows } = filter
  const args = createArguments()
  const isFirst = side === 'FIRST'
  const grouping = [
    ...(by === 'USER' ? (['user_id'] as const) : []),
    ...(by === 'PROVIDER' || (providerId ?? null) !== null ? (['provider_id'] as const) : []),
  ]
  const condition = choosing(look, query, ofRows, args)
  const chosen = chainRows(look, found, half ? `${condition} AND ${ofHalf(half)}` : condition, [
    ...CHAINED,
    ...QUOTED,
    ...grouping,
  ])
  // Prices are those of the whole period, whatever rows are chosen: a switch costs the same in every view. They are read apart,
  // since most switches tell their own: to keep all rows for them takes longer than to read those of some models again.
  const quoting = chainRows(
    look,
    found,
    `${choosing(look, query, { model: ofRows.model }, args)} AND usage.model IN (SELECT model FROM needing)`,
    QUOTED,
  )
  const ofSide = Object.entries({ provider_id: providerId, provider_key_id: providerKeyId }).flatMap(
    ([column, value]) =>
      value === null || value === undefined
        ? []
        : [`${isFirst ? 'first_' : ''}${column} = ${args.add(value)}`],
  )
  const sql = `
  WITH chosen AS (${chosen}),
  neighbours AS (
    SELECT *, lag(read + created) OVER chain AS first_cached,
           ${['at', 'provider_key_id', ...grouping].map((column) => `lag(${column}) OVER chain AS first_${column}`).join(', ')}
      FROM chosen WHERE api_key_id IS NOT NULL
    WINDOW chain AS (${CHAIN})
  ),
  told AS MATERIALIZED (
    SELECT kind, read, input, session IS NULL AS is_sessionless, ${groupKey(by, isFirst)} AS key,
           ${OF_SWITCHES.map((column) => `CASE WHEN kind = 'switched' THEN ${column} END AS ${column}`).join(', ')}
      FROM (SELECT neighbours.*, ${inactive(look)} AS is_inactive,
                   CASE WHEN provider_key_id IS NULL OR first_provider_key_id IS NULL THEN 'unknown'
                        WHEN provider_key_id <> first_provider_key_id AND at = first_at THEN 'unordered'
                        WHEN ${ttlMinutes(look)} > 0 AND ${minutesBetween('first_at', 'at')} <= ${ttlMinutes(look)}
                        THEN CASE WHEN provider_key_id = first_provider_key_id THEN 'stayed' ELSE 'switched' END
                   END AS kind
              FROM neighbours ${joinKeys(look, 'first_provider_key_id')}
             WHERE first_at IS NOT NULL OFFSET 0) AS joined
     WHERE kind IS NOT NULL${ofSide.map((condition) => ` AND ${condition}`).join('')}
  ),
  switched AS MATERIALIZED (
    SELECT *, LEAST(lost, created) AS lost_created, lost - LEAST(lost, created) AS lost_other,
           row_number() OVER () AS n
      FROM (SELECT *, GREATEST(LEAST(first_cached, input) - read, 0) AS lost FROM told WHERE kind = 'switched') AS lossy
  ),
  ${nearestPrices(quoting)},
  ${events('failing', 'failed', failedRows(query, args), false)},
  ${events('clearing', 'cleared', clearedPins(cleared, args), true)},
  costed AS (
    SELECT switched.key, lost,
           CASE WHEN failing.n IS NOT NULL THEN 'KEY_FAILED' WHEN clearing.n IS NOT NULL THEN 'CLEARED'
                WHEN is_inactive THEN 'KEY_INACTIVE' ELSE 'UNKNOWN' END AS cause,
           (CASE WHEN lost_created > 0
                 THEN lost_created * (COALESCE(creation_price, near_creation) - COALESCE(read_price, near_read))
                 ELSE 0 END
            + CASE WHEN lost_other > 0
                   THEN lost_other * (COALESCE(input_price, near_input) - COALESCE(read_price, near_read))
                   ELSE 0 END) / 1e6 AS cost
      FROM switched LEFT JOIN priced ON priced.n = switched.n
      LEFT JOIN failing ON failing.n = switched.n LEFT JOIN clearing ON clearing.n = switched.n
  )
  SELECT key, NULL::text,
         count(*) FILTER (WHERE kind IN ('stayed', 'switched'))::float8,
         count(*) FILTER (WHERE kind = 'unknown')::float8,
         count(*) FILTER (WHERE kind = 'unordered')::float8,
         COALESCE(sum(read) FILTER (WHERE kind = 'stayed'), 0)::float8,
         COALESCE(sum(input) FILTER (WHERE kind = 'stayed'), 0)::float8,
         COALESCE(sum(read) FILTER (WHERE kind = 'switched'), 0)::float8,
         COALESCE(sum(input) FILTER (WHERE kind = 'switched'), 0)::float8,
         count(*) FILTER (WHERE is_sessionless)::float8
    FROM told GROUP BY key
  UNION ALL
  SELECT key, cause, count(*)::float8, sum(lost)::float8, sum(cost)::float8,
         count(*) FILTER (WHERE cost IS NULL)::float8, NULL, NULL, NULL, NULL
    FROM costed GROUP BY key, cause`
  return { sql, args: args.values }
}

const inactive = ({ mayRead }: ChainLook): string =>
  mayRead(PROVIDER_KEYS, 'id', 'is_active') ? 'keys.is_active IS FALSE' : 'false'

/** Failed requests, whatever their model: the key is what failed. */
const failedRows = (query: SwitchQuery, args: Arguments): string => `
    SELECT usage.api_key_id::text AS api_key_id, usage.provider_api_key_id::text AS provider_key_id,
           NULL::text AS model, usage.created_at AS at
      FROM usage
     WHERE usage.status = 'failed' AND ${within(query, args)}
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
