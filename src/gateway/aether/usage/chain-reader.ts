import type { KeptSwitches } from '../../../usage/kept-switches.js'
import { type Band, TTL_OPTIONS, type TtlSums, type UsageChains } from '../../../usage/usage-chains.js'
import type { Period } from '../../../usage/usage-rows.js'
import type { Look, Looks } from '../look.js'
import { missingForChains } from './chain-rows.js'
import { intervalsStatement } from './intervals-statement.js'
import { createSwitchReader } from './switch-reader.js'
import { bandsOfGroups, intervalsOfGroups } from './ttl-statement.js'
import { hasSettlements, type SettlementsFound } from './usage-columns.js'
import type { UsageStatements } from './usage-statements.js'

type Row = readonly unknown[]

/** The largest share of the rows for which settlement rows are found one by one: beyond, a read of their whole table is quicker. */
const MOST_ONE_BY_ONE = 0.2

/** Reads chains of usage rows, with statements made for the latest look at the tables. */
export function createChainReader(
  statements: UsageStatements,
  looks: Looks<{ readonly look: Look; readonly keptSwitches: KeptSwitches }>,
): UsageChains {
  const settlementsOf = async (look: Look, period: Period): Promise<SettlementsFound> =>
    hasSettlements(look) && (await statements.shareOf(period)) > MOST_ONE_BY_ONE ? 'AS_PLANNED' : 'ONE_BY_ONE'

  const readSwitches = createSwitchReader(statements, settlementsOf)

  return {
    switchSums: (query, signal) =>
      looks.run(({ look, keptSwitches }) => readSwitches(look, keptSwitches, query, signal)),
    ttlSums: (query, signal) =>
      looks.run(async ({ look }) => {
        if (missingForChains(look).length > 0) return null
        const intervals = intervalsOfGroups(look, query)
        if (!intervals) return null
        await statements.check(intervals, query, signal)
        const near = bandsOfGroups(look, query, await settlementsOf(look, query))
        const both = near ? [intervals, near] : [intervals]
        const [rows = [], ofBands = []] = await statements.runAll(both, signal)
        const bands = bandsOf(ofBands)
        return {
          ttlIsFixed: look.generation === 'PROCESS_MEMORY',
          groups: rows.map((row) => ttlSumsOf(row, bands)),
        }
      }),
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

const numberOf = (value: unknown): number | null =>
  value === null || value === undefined ? null : Number(value)

const NO_NEIGHBOURS: Band = { neighbours: 0, readTokens: 0, inputTokens: 0 }

/** The bands of each group. */
function bandsOf(rows: readonly Row[]): ReadonlyMap<string, readonly Band[]> {
  const groups = new Map<string, Band[]>()
  for (const [key, band, ...figures] of rows) {
    const bands = groups.get(String(key)) ?? TTL_OPTIONS.map(() => NO_NEIGHBOURS)
    groups.set(String(key), bands)
    const [neighbours = 0, readTokens = 0, inputTokens = 0] = figures.map(Number)
    bands[Number(band)] = { neighbours, readTokens, inputTokens }
  }
  return groups
}

function ttlSumsOf(row: Row, bands: ReadonlyMap<string, readonly Band[]>): TtlSums {
  const at = (place: number): number => Number(row[place])
  return {
    key: String(row[0]),
    requests: at(1),
    intervals: at(2),
    within: [at(3), at(4), at(5), at(6), at(7)],
    p50Minutes: at(8),
    p75Minutes: at(9),
    p90Minutes: at(10),
    maxMinutes: at(11),
    currentMinutes: numberOf(row[12]),
    bands: bands.get(String(row[0])) ?? TTL_OPTIONS.map(() => NO_NEIGHBOURS),
  }
}
