import type { IntervalsQuery } from '../../../usage/usage-chains.js'
import {
  type ChainLook,
  choosing,
  createArguments,
  minutesBetween,
  missingForFilter,
  missingForIntervals,
} from './chain-rows.js'
import type { UsageStatement } from './usage-statements.js'

/** The one statement that reads every n-th interval, so that at most `first` come; undefined where the tables lack what it needs. */
export function intervalsStatement(look: ChainLook, query: IntervalsQuery): UsageStatement | undefined {
  if (missingForIntervals(look).length > 0 || missingForFilter(look, query.filter).length > 0)
    return undefined
  const args = createArguments()
  const condition = choosing(look, query, query.filter, args)
  const first = args.add(String(query.first))
  const sql = `
  WITH chosen AS (
    SELECT usage.created_at AS at, usage.model::text AS model, usage.user_id::text AS user_id, usage.api_key_id::text AS api_key_id,
           lag(usage.created_at) OVER by_time AS first_at, row_number() OVER by_time - 2 AS place,
           count(*) OVER () - 1 AS total
      FROM usage
     WHERE ${condition}
    WINDOW by_time AS (ORDER BY usage.created_at, usage.id COLLATE "C")
  )
  SELECT total::float8, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), ${minutesBetween('first_at', 'at')}, model, user_id, api_key_id
    FROM chosen
   WHERE first_at IS NOT NULL AND place % CEIL(total / ${first}::float8)::bigint = 0
   ORDER BY place`
  return { sql, args: args.values }
}
