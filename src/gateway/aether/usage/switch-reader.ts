import type { Rows } from '../../../postgres/long-read.js'
import { type KeptSwitches, switchQuestion } from '../../../usage/kept-switches.js'
import { mergedSwitches, NO_NEIGHBOURS } from '../../../usage/switch-costs.js'
import { keyOfGroup, switchSumsOf } from '../../../usage/switch-parts.js'
import {
  createUnitPrices,
  openModels,
  type PartOfUnit,
  type UnitPrices,
} from '../../../usage/switch-prices.js'
import { chainUnitsOf, isByTime, periodOf, runsOf, type Unit } from '../../../usage/units.js'
import type { SwitchAnswer, SwitchQuery, SwitchSumsOfGroup } from '../../../usage/usage-chains.js'
import type { Period } from '../../../usage/usage-rows.js'
import type { Look } from '../look.js'
import { type ChainRun, tellsSessions } from './chain-rows.js'
import { type KeySettings, longestTtl, readKeySettings } from './pin-ttls.js'
import { type ReadUnit, readUnits } from './switch-rows.js'
import {
  canTellSwitches,
  quotesStatement,
  switchStatement,
  unknownPairsStatement,
} from './switch-statement.js'
import { knownOf, readUnknown, runUnits, type UnitRun } from './unit-runs.js'
import type { SettlementsFound } from './usage-columns.js'
import type { UsageStatements } from './usage-statements.js'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** How rows are read for an answer. */
interface Reading {
  readonly look: Look
  readonly kept: KeptSwitches
  /** With units by the hour where groups are by time. */
  readonly query: SwitchQuery
  readonly settings: KeySettings
  /** How long before a unit its pairs may begin. */
  readonly leadMs: number
  readonly signal: AbortSignal
}

type Statements = Pick<UsageStatements, 'run' | 'runEach' | 'plan' | 'check'>

/**
 * Reads what usage rows say of switches, a day at a time at most, and keeps it of units that are over.
 * @param settlementsOf how settlement rows of a period are found
 */
export function createSwitchReader(
  statements: Statements,
  settlementsOf: (look: Look, period: Period) => Promise<SettlementsFound>,
) {
  const partStatement = async ({ look, query, settings, leadMs }: Reading, units: readonly Unit[]) => {
    const { since, until } = periodOf(units)
    const from = new Date(Math.max(query.since.getTime(), since.getTime() - leadMs))
    const run: ChainRun = { units, from }
    const cleared = query.cleared.filter(({ at }) => at >= from && at < until)
    const found = await settlementsOf(look, { since: from, until })
    return switchStatement(look, { ...query, cleared }, run, settings, found)
  }

  async function readParts(reading: Reading, prices: UnitPrices): Promise<PartOfUnit[]> {
    const { query, kept, settings, leadMs, signal } = reading
    const parts = kept.partsUnder(settings.ttls)
    const units = chainUnitsOf(query, leadMs).map((unit) => ({
      ...unit,
      isOver: unit.isOver && !isCleared(unit, query, leadMs),
    }))
    const partsOf = (rows: Rows, of: readonly Unit[]) => {
      const read = readUnits(rows, of)
      const models = modelsOf(read)
      for (const { unit, quotes } of read) prices.add(unit, models, quotes)
      return read.map(({ part }) => part)
    }
    const statementOf = (of: readonly Unit[]) => partStatement(reading, of)
    const known = knownOf(parts, switchQuestion(query), units, partsOf, statementOf)
    await readUnknown(statements, [known.reading], signal)
    return known.values().map(([unit, part]) => ({
      part,
      unit: { ...unit, since: part.since, until: part.until },
    }))
  }

  /** Reads the prices that may be nearer to open switches than those of their units. */
  async function readPrices(
    { look, signal }: Reading,
    parts: readonly PartOfUnit[],
    prices: UnitPrices,
  ): Promise<void> {
    if (parts.length < 2) return
    const models = openModels(parts)
    const missing = (unit: Unit) => models.filter((model) => !prices.isKnown(unit, model))
    const units = parts.map(({ unit }) => unit).filter((unit) => missing(unit).length > 0)
    const runs = runsOf(units, DAY_MS)
    const asked = runs.map(async (run): Promise<UnitRun> => {
      const ofRun = [...new Set(run.flatMap(missing))]
      return {
        statement: quotesStatement(look, run, ofRun, await settlementsOf(look, periodOf(run))),
        take(rows) {
          for (const { unit, quotes } of readUnits(rows, run)) prices.add(unit, ofRun, quotes)
        },
      }
    })
    await runUnits(statements, await Promise.all(asked), signal)
  }

  /** Neighbours of which one names no provider key count at any distance, so that they are looked for in the whole period. */
  async function unknownPairs({ look, query, signal }: Reading, parts: readonly PartOfUnit[]) {
    const apiKeys = [...new Set(parts.flatMap(({ part }) => part.withoutProviderKey))]
    if (apiKeys.length === 0) return []
    const rows = await statements.run(unknownPairsStatement(look, query, apiKeys), signal)
    return rows.map(([key, unknown, withoutSession]) => ({
      ...NO_NEIGHBOURS,
      key: key === null ? null : String(key),
      unknownPairs: Number(unknown),
      withoutSession: Number(withoutSession),
    }))
  }

  /** Null where the tables lack what the question needs. */
  return async (
    look: Look,
    kept: KeptSwitches,
    asked: SwitchQuery,
    signal: AbortSignal,
  ): Promise<SwitchAnswer | null> => {
    if (!canTellSwitches(look, asked)) return null
    const settings = await readKeySettings(statements, look, signal)
    const query: SwitchQuery = { ...asked, by: isByTime(asked.by) ? 'HOUR' : asked.by }
    const leadMs = longestTtl(settings) * MINUTE_MS
    const reading: Reading = { look, kept, query, settings, leadMs, signal }
    const prices = createUnitPrices(kept)
    const parts = await readParts(reading, prices)
    await readPrices(reading, parts, prices)
    const unknown = await unknownPairs(reading, parts)
    const book = prices.book(
      parts.map(({ unit }) => unit),
      openModels(parts),
    )
    const all = parts.map(({ part }) => part)
    const known = await switchSumsOf(all, asked.by, book, (key) => settings.inactive.has(key))
    const ofGroups = (groups: readonly SwitchSumsOfGroup[]) =>
      groups.map((group) => ({ ...group, key: keyOfGroup(asked.by, group.key) }))
    return { tellsSessions: tellsSessions(look), groups: mergedSwitches([known, ofGroups(unknown)]) }
  }
}

/** Whether a clear that is still known may have caused a switch of the unit. */
const isCleared = ({ since, until }: Unit, { cleared }: SwitchQuery, leadMs: number): boolean =>
  cleared.some(({ at }) => at.getTime() >= since.getTime() - leadMs && at < until)

/** The models of which a statement has read all prices: those of switches that told not all of their own. */
const modelsOf = (read: readonly ReadUnit[]): ReadonlySet<string> =>
  new Set(
    read.flatMap(({ part, quotes }) => [
      ...quotes.map(({ model }) => model),
      ...part.open.map(({ model }) => model),
    ]),
  )
