/** Columns of prices, and how the nearest one of another row is called. */
const PRICES = ['input', 'read', 'creation'] as const

const list = (of: (price: (typeof PRICES)[number]) => string): string => PRICES.map(of).join(', ')

/** Microseconds since 1970, exact in a double. */
const microseconds = (at: string): string => `(EXTRACT(EPOCH FROM ${at}) * 1e6)::float8`

/**
 * Common table expressions that end with `priced`: for each of `switched` (by its `n`) whose cost needs a price that its own
 * row does not tell, that of the row nearest in time with the same model and provider key, else with the same model. The
 * earlier of two as near, and the dearest of one instant. Rows are sorted once for each direction, so that the effort does
 * not depend on how many switches there are.
 * @param quoting a query of the rows that may tell prices
 */
export const nearestPrices = (quoting: string): string => `
  needing AS MATERIALIZED (
    SELECT n, model, provider_key_id, ${microseconds('at')} AS us,
           lost_other > 0 AND input_price IS NULL AS needs_input,
           lost > 0 AND read_price IS NULL AS needs_read,
           lost_created > 0 AND creation_price IS NULL AS needs_creation
      FROM switched
     WHERE lost > 0
       AND (read_price IS NULL OR (lost_other > 0 AND input_price IS NULL)
            OR (lost_created > 0 AND creation_price IS NULL))
  ),
  quotes AS MATERIALIZED (
    SELECT model, provider_key_id, ${microseconds('at')} AS us, input_price, read_price, creation_price
      FROM (${quoting}) AS quoting
     WHERE model IN (SELECT model FROM needing) AND num_nonnulls(input_price, read_price, creation_price) > 0
  ),
  ${nearest('of_key', 'needing', ['model', 'provider_key_id'])},
  unresolved AS MATERIALIZED (
    SELECT n, model, us, ${list((price) => `needs_${price} AND near_${price} IS NULL AS needs_${price}`)}
      FROM needing JOIN of_key USING (n)
     WHERE ${PRICES.map((price) => `(needs_${price} AND near_${price} IS NULL)`).join(' OR ')}
  ),
  ${nearest('of_model', 'unresolved', ['model'])},
  priced AS (
    SELECT n, ${list((price) => `COALESCE(of_key.near_${price}, of_model.near_${price}) AS near_${price}`)}
      FROM of_key LEFT JOIN of_model USING (n)
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
                THEN before.${price}[2] ELSE -after.${price}[2] END AS near_${price}`,
    )}
      FROM ${name}_before AS before JOIN ${name}_after AS after USING (n)
  )`
}
