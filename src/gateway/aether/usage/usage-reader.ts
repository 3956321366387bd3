import { mergedGroups } from '../../../usage/add-sums.js'
import { byHourOrDay } from '../../../usage/cache-usage.js'
import { type KeptSums, sumsQuestion } from '../../../usage/kept-sums.js'
import { periodOf, runsOf, unitsOf } from '../../../usage/units.js'
import type { UsageQuery, UsageRows } from '../../../usage/usage-rows.js'
import type { Look, Looks } from '../look.js'
import { cacheSumsStatement, canSum, groupsOfUnits, missingForUsage } from './cache-sums.js'
import { knownOf, readUnknown } from './unit-runs.js'
import type { UsageStatements } from './usage-statements.js'

interface Made {
  readonly look: Look
  readonly keptSums: KeptSums
}

/** Reads usage rows, with statements made for the latest look at the tables. */
export function createUsageReader(statements: UsageStatements, looks: Looks<Made>): UsageRows {
  const knownSums = ({ look, keptSums }: Made, query: UsageQuery) =>
    knownOf(keptSums, sumsQuestion(query), unitsOf(query), groupsOfUnits, async (units) =>
      cacheSumsStatement(look, query, units),
    )

  return {
    cacheSums: (query, signal) =>
      looks.run(async (made) => {
        if (!canSum(made.look, query)) return null
        const sums = knownSums(made, query)
        await readUnknown(statements, [sums.reading], signal)
        return mergedGroups(sums.values().map(([unit, groups]) => byHourOrDay(query.by, unit, groups)))
      }),
    rowsToSum: (query) =>
      looks.run(async (made) => {
        if (!canSum(made.look, query)) return 0
        const { unknown } = knownSums(made, query).reading
        const counts = await Promise.all(runsOf(unknown).map((run) => statements.rowsIn(periodOf(run))))
        return counts.reduce((a, b) => a + b, 0)
      }),
    rowsIn: (period) =>
      looks.run(async ({ look }) => (missingForUsage(look).length > 0 ? 0 : statements.rowsIn(period))),
  }
}
