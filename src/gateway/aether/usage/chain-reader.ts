import { mergedSwitches } from '../../../usage/switch-costs.js'
import {
  type Band,
  SWITCH_CAUSES,
  type SwitchCause,
  type SwitchCount,
  type SwitchSumsOfGroup,
  TTL_OPTIONS,
  type TtlSums,
  type UsageChains,
} from '../../../usage/usage-chains.js'
import type { Period } from '../../../usage/usage-rows.js'
import type { Look, Looks } from '../look.js'
import { HALVES, missingForChains, tellsSessions } from './chain-rows.js'
import { intervalsStatement } from './intervals-statement.js'
import { switchStatement } from './switch-statement.js'
import { bandsOfGroups, intervalsOfGroups } from './ttl-statement.js'
import { hasSettlements, type SettlementsFound } from './usage-columns.js'
import type { UsageStatements } from './usage-statements.js'

type Row = readonly unknown[]

/** The largest share of the rows for which settlement rows are found one by one: beyond, a read of their whole table is quicker. */
const MOST_ONE_BY_ONE = 0.2

/** Reads chains of usage rows, with statements made for the latest look at the tables. */
export function createChainReader(
  statements: Pick<UsageStatements, 'check' | 'runAll' | 'runChecked' | 'shareOf'>,
  looks: Looks<{ readonly look: Look }>,
): UsageChains {
  const settlementsOf = async (look: Look, period: Period): Promise<SettlementsFound> =>
    hasSettlements(look) && (await statements.shareOf(period)) > MOST_ONE_BY_ONE ? 'AS_PLANNED' : 'ONE_BY_ONE'

  return {
    switchSums: (query, signal) =>
      looks.run(async ({ look }) => {
        if (missingForChains(look).length > 0) return null
        const found = await settlementsOf(look, query)
        const whole = switchStatement(look, query, found)
        if (!whole) return null
        await statements.check(whole, query, signal)
        const halves = HALVES.flatMap((half) => switchStatement(look, query, found, half) ?? [])
        // If the whole table of settlement rows is read, half of the API keys take as long as all.
        const parts = await statements.runAll(found === 'AS_PLANNED' ? [whole] : halves, signal)
        return { tellsSessions: tellsSessions(look), groups: mergedSwitches(parts.map(switchSumsOf)) }
      }),
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

/** Sums of groups come with no cause, those of the causes of a group with one. */
function switchSumsOf(rows: readonly Row[]): SwitchSumsOfGroup[] {
  const causes = new Map<string | null, Partial<Record<SwitchCause, SwitchCount>>>()
  for (const [key, name, ...figures] of rows) {
    const cause = SWITCH_CAUSES.find((one) => one === name)
    if (!cause) continue
    const group = causes.get(textOf(key)) ?? {}
    causes.set(textOf(key), group)
    group[cause] = {
      switches: Number(figures[0]),
      lostTokens: Number(figures[1]),
      costUsd: numberOf(figures[2]),
      unpricedSwitches: Number(figures[3]),
    }
  }
  return rows
    .filter(([, cause]) => textOf(cause) === null)
    .map((row) => ({
      key: textOf(row[0]),
      pairs: Number(row[2]),
      unknownPairs: Number(row[3]),
      unorderedPairs: Number(row[4]),
      stayedRead: Number(row[5]),
      stayedInput: Number(row[6]),
      switchedRead: Number(row[7]),
      switchedInput: Number(row[8]),
      withoutSession: Number(row[9]),
      byCause: causes.get(textOf(row[0])) ?? {},
    }))
}

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
