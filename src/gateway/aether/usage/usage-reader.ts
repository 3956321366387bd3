import { mergedGroups } from '../../../usage/add-sums.js'
import { byHourOrDay } from '../../../usage/cache-usage.js'
import type { KeptSums } from '../../../usage/kept-sums.js'
import { periodOf, runsOf, type Unit, unitsOf } from '../../../usage/units.js'
import type { CacheSumsOfGroup, UsageQuery, UsageRows } from '../../../usage/usage-rows.js'
import type { Look, Looks } from '../look.js'
import { cacheSumsStatement, canSum, groupsOfUnits, missingForUsage } from './cache-sums.js'
import type { UsageStatements } from './usage-statements.js'

/** The longest time of which one statement reads the rows, so that what it has read is kept if the next ones take too long. */
const AT_ONCE_MS = 24 * 3_600_000

interface Made {
  readonly look: Look
  readonly keptSums: KeptSums
}

/** Reads usage rows, with statements made for the latest look at the tables. */
export function createUsageReader(statements: UsageStatements, looks: Looks<Made>): UsageRows {
  async function* sumsOf(look: Look, query: UsageQuery, units: readonly Unit[], signal: AbortSignal) {
    const [first] = runsOf(units, AT_ONCE_MS)
    if (!first) return
    const { byTime } = await statements.plan(cacheSumsStatement(look, query, first), periodOf(first), signal)
    // Without such an index each statement would read the whole table.
    for (const run of runsOf(units, byTime ? AT_ONCE_MS : undefined)) {
      const statement = cacheSumsStatement(look, query, run)
      const rows = byTime
        ? await statements.run(statement, signal)
        : await statements.runChecked(statement, periodOf(run), signal)
      yield* groupsOfUnits(rows, run)
    }
  }

  const missing = ({ keptSums }: Made, query: UsageQuery) =>
    unitsOf(query).filter((unit) => !keptSums.get(query, unit))

  return {
    cacheSums: (query, signal) =>
      looks.run(async ({ look, keptSums }) => {
        if (!canSum(look, query)) return null
        const found = unitsOf(query).map((unit) => [unit, keptSums.get(query, unit)] as const)
        const unknown = found.flatMap(([unit, groups]) => (groups ? [] : [unit]))
        const read = new Map<Unit, readonly CacheSumsOfGroup[]>()
        for await (const [unit, groups] of sumsOf(look, query, unknown, signal)) {
          keptSums.put(query, unit, groups)
          read.set(unit, groups)
        }
        const parts = found.map(([unit, groups]) =>
          byHourOrDay(query.by, unit, groups ?? read.get(unit) ?? []),
        )
        return mergedGroups(parts)
      }),
    rowsToSum: (query) =>
      looks.run(async (made) => {
        if (!canSum(made.look, query)) return 0
        const counts = await Promise.all(
          runsOf(missing(made, query)).map((run) => statements.rowsIn(periodOf(run))),
        )
        return counts.reduce((a, b) => a + b, 0)
      }),
    rowsIn: (period) =>
      looks.run(async ({ look }) => (missingForUsage(look).length > 0 ? 0 : statements.rowsIn(period))),
  }
}
