import type { KeptAdvice } from '../../../usage/kept-advice.js'
import type { KeptSwitches } from '../../../usage/kept-switches.js'
import type { UsageChains } from '../../../usage/usage-chains.js'
import type { Period } from '../../../usage/usage-rows.js'
import type { Look, Looks } from '../look.js'
import { intervalsStatement } from './intervals-statement.js'
import { createSwitchReader } from './switch-reader.js'
import { createTtlReader } from './ttl-reader.js'
import { hasSettlements, type SettlementsFound } from './usage-columns.js'
import type { UsageStatements } from './usage-statements.js'

/** The largest share of the rows for which settlement rows are found one by one: beyond, a read of their whole table is quicker. */
const MOST_ONE_BY_ONE = 0.2

/** Reads chains of usage rows, with statements made for the latest look at the tables. */
export function createChainReader(
  statements: UsageStatements,
  looks: Looks<{ readonly look: Look; readonly keptSwitches: KeptSwitches; readonly keptAdvice: KeptAdvice }>,
): UsageChains {
  const settlementsOf = async (look: Look, period: Period): Promise<SettlementsFound> =>
    hasSettlements(look) && (await statements.shareOf(period)) > MOST_ONE_BY_ONE ? 'AS_PLANNED' : 'ONE_BY_ONE'

  const readSwitches = createSwitchReader(statements, settlementsOf)
  const readAdvice = createTtlReader(statements, settlementsOf)

  return {
    switchSums: (query, signal) =>
      looks.run(({ look, keptSwitches }) => readSwitches(look, keptSwitches, query, signal)),
    ttlSums: (query, signal) =>
      looks.run(({ look, keptAdvice }) => readAdvice(look, keptAdvice, query, signal)),
    intervals: (query, signal) =>
      looks.run(async ({ look }) => {
        const statement = intervalsStatement(look, query)
        if (!statement) return null
        const rows = await statements.runChecked(statement, query, signal)
        return {
          total: Number(rows[0]?.[0] ?? 0),
          points: rows.map(([, at, minutes, model, userId, apiKeyId]) => ({
            at: new Date(String(at)),
            minutes: Number(minutes),
            model: String(model),
            userId: textOf(userId),
            apiKeyId: textOf(apiKeyId),
          })),
        }
      }),
  }
}

const textOf = (value: unknown): string | null =>
  value === null || value === undefined ? null : String(value)
