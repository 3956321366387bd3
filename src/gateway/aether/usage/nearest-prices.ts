import { unitOf } from './chain-rows.js'

/** Columns of prices, and how the nearest one of another row is called. */
const PRICES = ['input', 'read', 'creation'] as const

const list = (of: (price: (typeof PRICES)[number]) => string): string => PRICES.map(of).join(', ')

/** Microseconds since 1970, exact in a double. */
export const microseconds = (at: string): string => `round(date_part('epoch', ${at}) * 1e6)`

/** The ends of units, as arguments of a statement. */
export interface UnitBounds {
  /** The starts of units, as times. */
  readonly starts: string
  /** Both ends of each unit in microseconds. */
  readonly from: string
  readonly to: string
}

/** Rows that may tell prices, with their unit. */
export const quotesOf = (quoting: string, starts: string): string => `
    SELECT ${unitOf('at', starts)} AS unit, model, provider_key_id, ${microseconds('at')} AS us, ${list((price) => `${price}_price::float8 AS ${price}_price`)}
      FROM (${quoting}) AS quoting
     WHERE num_nonnulls(input_price, read_price, creation_price) > 0`

/** What `quotes` say of each unit, model and provider key: the first and the last price, the dearest of their instants. */
export const QUOTES_OF_UNITS = `
  SELECT unit::float8, 'quotes', model,
         json_build_array(provider_key_id, ${list(
           (price) => `min(CASE WHEN ${price}_price IS NOT NULL THEN ARRAY[us, -${price}_price] END),
                       max(CASE WHEN ${price}_price IS NOT NULL THEN ARRAY[us, ${price}_price] END)`,
         )})::text
    FROM quotes GROUP BY unit, model, provider_key_id`

/**
 * Common table expressions that end with `priced`: for each of `switched` (by its `n`) whose cost needs a price that its own
 * row does not tell, that of the row nearest in time in its unit with the same model and provider key (`key_…`), else with the
 * same model (`model_…`), with its time. The earlier of two as near, and the dearest of one instant. `near_…` is the first of
 * them if it is nearer than both ends of the unit, since no row of another unit can be nearer then. Rows are sorted once for
 * each direction, so that the effort does not depend on how many switches there are.
 * @param quoting a query of the rows that may tell prices
 */
export const nearestPrices = (quoting: string, bounds: UnitBounds): string => `
  needing AS MATERIALIZED (
    SELECT n, unit, model, provider_key_id, us, LEAST(us - (${bounds.from})[unit], (${bounds.to})[unit] - us) AS room,
           lost_other > 0 AND input_price IS NULL AS needs_input,
           lost > 0 AND read_price IS NULL AS needs_read,
           lost_created > 0 AND creation_price IS NULL AS needs_creation
      FROM switched
     WHERE lost > 0
       AND (read_price IS NULL OR (lost_other > 0 AND input_price IS NULL)
            OR (lost_created > 0 AND creation_price IS NULL))
  ),
  quotes AS MATERIALIZED (${quotesOf(quoting, bounds.starts)} AND model IN (SELECT model FROM needing)),
  ${nearest('of_key', 'needing', ['unit', 'model', 'provider_key_id'])},
  sure AS MATERIALIZED (
    SELECT n, unit, model, us, ${list((price) => `needs_${price}`)}, ${list((price) => `near_${price} AS key_${price}`)},
           ${list((price) => `CASE WHEN abs(near_${price}[1] - us) <= room THEN near_${price}[2] END AS near_${price}`)}
      FROM needing JOIN of_key USING (n)
  ),
  unresolved AS MATERIALIZED (
    SELECT n, unit, model, us FROM sure WHERE ${PRICES.map((price) => `(needs_${price} AND near_${price} IS NULL)`).join(' OR ')}
  ),
  ${nearest('of_model', 'unresolved', ['unit', 'model'])},
  priced AS (
    SELECT n, ${list((price) => `sure.near_${price}, key_${price}, of_model.near_${price} AS model_${price}`)}
      FROM sure LEFT JOIN of_model USING (n)
  )`

/** Numbers take the place of names, since sorting by names costs several times as much. */
const nearest = (name: string, needing: string, same: readonly string[]): string => {
  const columns = same.join(', ')
  return `
  ${name}_sets AS MATERIALIZED (
    SELECT row_number() OVER () AS set, ${columns} FROM (SELECT DISTINCT ${columns} FROM ${needing}) AS distinct_sets
  ),
  ${name}_both AS MATERIALIZED (
    SELECT n, set, us, ${list(() => 'NULL::float8')} FROM ${needing} JOIN ${name}_sets USING (${columns})
    UNION ALL
    SELECT NULL, set, us, ${list((price) => `${price}_price`)} FROM quotes JOIN ${name}_sets USING (${columns})
  ),
  ${name}_before AS (
    SELECT * FROM (
      SELECT n, us, ${list((price) => `max(CASE WHEN ${price}_price IS NOT NULL THEN ARRAY[us, ${price}_price] END) OVER earlier AS ${price}`)}
        FROM ${name}_both AS both_kinds (n, set, us, input_price, read_price, creation_price)
      WINDOW earlier AS (PARTITION BY set ORDER BY us, n NULLS FIRST ROWS UNBOUNDED PRECEDING)) AS known
     WHERE n IS NOT NULL
  ),
  ${name}_after AS (
    SELECT * FROM (
      SELECT n, ${list((price) => `min(CASE WHEN ${price}_price IS NOT NULL THEN ARRAY[us, -${price}_price] END) OVER later AS ${price}`)}
        FROM ${name}_both AS both_kinds (n, set, us, input_price, read_price, creation_price)
      WINDOW later AS (PARTITION BY set ORDER BY us DESC, n NULLS LAST ROWS UNBOUNDED PRECEDING)) AS known
     WHERE n IS NOT NULL
  ),
  ${name} AS MATERIALIZED (
    SELECT before.n, ${list(
      (price) => `
           CASE WHEN after.${price} IS NULL OR before.us - before.${price}[1] <= after.${price}[1] - before.us
                THEN before.${price} ELSE ARRAY[after.${price}[1], -after.${price}[2]] END AS near_${price}`,
    )}
      FROM ${name}_before AS before JOIN ${name}_after AS after USING (n)
  )`
}
