import type { Database } from '../../../postgres/database.js'
import { mapDatabaseErrors } from '../../../postgres/database-errors.js'
import type { UsageRows } from '../../../usage/usage-rows.js'
import type { Look, Looks } from '../look.js'
import { cacheSumsOf, cacheSumsStatement, missingForUsage } from './cache-sums.js'

/** The gateway's own requests come first: a sum over a large table must not take its processors. */
const ALONE = ['SET LOCAL max_parallel_workers_per_gather = 0']

/** Reads usage rows, with statements made for the latest look at the tables. */
export function createUsageReader(
  database: Pick<Database, 'query' | 'queryWith'>,
  looks: Looks<{ readonly look: Look }>,
): UsageRows {
  return {
    cacheSums: (query) =>
      looks.run(({ look }) => {
        const statement = cacheSumsStatement(look, query)
        if (!statement) return Promise.resolve(null)
        return mapDatabaseErrors(async () =>
          (await database.queryWith(ALONE, statement.sql, statement.args)).map(cacheSumsOf),
        )
      }),
    rowsIn: ({ since, until }) =>
      looks.run(({ look }) => {
        if (missingForUsage(look).length > 0) return Promise.resolve(0)
        return mapDatabaseErrors(async () => {
          const plan = await database.query(
            'EXPLAIN (FORMAT JSON) SELECT 1 FROM usage WHERE created_at >= $1::timestamptz AND created_at < $2::timestamptz',
            [since.toISOString(), until.toISOString()],
          )
          return plannedRows(plan[0]?.[0])
        })
      }),
  }
}

/** The number of rows that the planner expects. */
function plannedRows(plan: unknown): number {
  const [first] = (typeof plan === 'string' ? JSON.parse(plan) : plan) as readonly {
    readonly Plan?: { readonly 'Plan Rows'?: number }
  }[]
  return first?.Plan?.['Plan Rows'] ?? 0
}
