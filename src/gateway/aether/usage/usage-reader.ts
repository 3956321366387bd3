import type { UsageRows } from '../../../usage/usage-rows.js'
import type { Look, Looks } from '../look.js'
import { cacheSumsOf, cacheSumsStatement, missingForUsage } from './cache-sums.js'
import type { UsageStatements } from './usage-statements.js'

/** Reads usage rows, with statements made for the latest look at the tables. */
export function createUsageReader(
  statements: UsageStatements,
  looks: Looks<{ readonly look: Look }>,
): UsageRows {
  return {
    cacheSums: (query, signal) =>
      looks.run(async ({ look }) => {
        const statement = cacheSumsStatement(look, query)
        if (!statement) return null
        return (await statements.runChecked(statement, query, signal)).map(cacheSumsOf)
      }),
    rowsIn: (period) =>
      looks.run(async ({ look }) => (missingForUsage(look).length > 0 ? 0 : statements.rowsIn(period))),
  }
}
