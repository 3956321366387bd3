import type { Rows } from '../../../postgres/long-read.js'
import { type GroupTimes, packTimes, type Spread, spreadsOf } from '../../../usage/group-times.js'
import { adviceQuestion, type BandOfGroup, type KeptAdvice } from '../../../usage/kept-advice.js'
import { chainUnitsOf, periodOf, type Unit, unitsOf } from '../../../usage/units.js'
import {
  type Band,
  TTL_OPTIONS,
  type TtlAnswer,
  type TtlQuery,
  type TtlSums,
} from '../../../usage/usage-chains.js'
import type { Period } from '../../../usage/usage-rows.js'
import type { Look } from '../look.js'
import {
  bandsOfUnits,
  canAdvise,
  HALF_AN_HOUR_US,
  intervalsOfKeys,
  LONGEST,
  timesOfUnits,
} from './ttl-statement.js'
import { knownOf, runsToRead, runUnits } from './unit-runs.js'
import type { SettlementsFound } from './usage-columns.js'
import type { UsageStatements } from './usage-statements.js'

/** How long before a unit the neighbours of its bands may begin. */
const LEAD_MS = LONGEST * 60_000

/**
 * Reads intervals and what was read after them, and keeps it of units that are over.
 * @param settlementsOf how settlement rows of a period are found
 */
export function createTtlReader(
  statements: Pick<UsageStatements, 'check' | 'plan' | 'runEach'>,
  settlementsOf: (look: Look, period: Period) => Promise<SettlementsFound>,
) {
  /** Null where the tables lack what the question needs. */
  return async (
    look: Look,
    kept: KeptAdvice,
    query: TtlQuery,
    signal: AbortSignal,
  ): Promise<TtlAnswer | null> => {
    if (!canAdvise(look, query)) return null
    const question = adviceQuestion(query)
    const bands = knownOf(kept.bands, question, chainUnitsOf(query, LEAD_MS), bandsOf, async (units) => {
      const { since, until } = periodOf(units)
      const from = new Date(Math.max(query.since.getTime(), since.getTime() - LEAD_MS))
      return bandsOfUnits(look, query, { units, from }, await settlementsOf(look, { since: from, until }))
    })
    const runs = await runsToRead(statements, bands.reading, signal)
    let spreads: () => Promise<readonly SpreadOfKey[]>
    if (query.by === 'PROVIDER_KEY') {
      let rows: Rows = []
      const statement = intervalsOfKeys(look, query)
      await statements.check(statement, query, signal)
      runs.unshift({ statement, take: (read) => (rows = read) })
      spreads = async () => rows.map(spreadOfRow)
    } else {
      // Times are packed by the hour.
      const units = unitsOf({ ...query, by: 'HOUR' })
      const times = knownOf(kept.times, question, units, timesOf, async (of) => timesOfUnits(look, query, of))
      runs.push(...(await runsToRead(statements, times.reading, signal)))
      spreads = async () =>
        (await spreadsOf(times.values().map(([, found]) => found))).map((spread) => ({
          ...spread,
          currentMinutes: null,
        }))
    }
    await runUnits(statements, runs, signal)
    const ofGroups = bandsOfGroups(bands.values().map(([, found]) => found))
    return {
      ttlIsFixed: look.generation === 'PROCESS_MEMORY',
      groups: (await spreads()).map((spread) => ({ ...spread, bands: ofGroups(spread.key) })),
    }
  }
}

type SpreadOfKey = Spread & Pick<TtlSums, 'currentMinutes'>

function timesOf(rows: Rows, units: readonly Unit[]): GroupTimes[] {
  const groups = units.map((): [string, Uint32Array][] => [])
  for (const [place, keys, counts, base64] of rows) {
    const [names, numbers]: [string[], number[]] = [JSON.parse(String(keys)), JSON.parse(String(counts))]
    const packed = Buffer.from(String(base64), 'base64')
    let from = 0
    for (const [at, name] of names.entries()) {
      const times = new Uint32Array(numbers[at] ?? 0)
      for (let n = 0; n < times.length; n += 1)
        times[n] = packed.readInt32BE(4 * (from + n)) + HALF_AN_HOUR_US
      from += times.length
      groups[Number(place) - 1]?.push([name, times])
    }
  }
  return units.map(({ since }, at) => packTimes(since.getTime() * 1_000, groups[at] ?? []))
}

function bandsOf(rows: Rows, units: readonly Unit[]): BandOfGroup[][] {
  const found = units.map((): BandOfGroup[] => [])
  for (const [place, key, ...figures] of rows) {
    const [band = 0, neighbours = 0, readTokens = 0, inputTokens = 0] = figures.map(Number)
    found[Number(place) - 1]?.push({ key: String(key), band, neighbours, readTokens, inputTokens })
  }
  return found
}

const NO_NEIGHBOURS: Band = { neighbours: 0, readTokens: 0, inputTokens: 0 }

/** Adds up the bands of each group over units. */
function bandsOfGroups(units: readonly (readonly BandOfGroup[])[]): (key: string) => readonly Band[] {
  const groups = new Map<string, Band[]>()
  for (const { key, band, neighbours, readTokens, inputTokens } of units.flat()) {
    const bands = groups.get(key) ?? TTL_OPTIONS.map(() => NO_NEIGHBOURS)
    groups.set(key, bands)
    const known = bands[band] ?? NO_NEIGHBOURS
    bands[band] = {
      neighbours: known.neighbours + neighbours,
      readTokens: known.readTokens + readTokens,
      inputTokens: known.inputTokens + inputTokens,
    }
  }
  return (key) => groups.get(key) ?? TTL_OPTIONS.map(() => NO_NEIGHBOURS)
}

function spreadOfRow(row: Rows[number]): SpreadOfKey {
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
    currentMinutes: row[12] === null || row[12] === undefined ? null : at(12),
  }
}
