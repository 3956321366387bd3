import { createLru } from '../util/lru.js'
import { createKeptUnits, type KeptUnits } from './kept-units.js'
import type { QuotesOfUnit } from './nearest-quotes.js'
import { type SwitchPart, sizeOf } from './switch-parts.js'
import { isByTime, nameOfPeriod, type Unit } from './units.js'
import type { SwitchQuery } from './usage-chains.js'
import { filterText, type Period } from './usage-rows.js'

/** Records of all parts together, and prices of units. */
const MOST_RECORDS = 250_000
const MOST_QUOTES = 30_000
const MOST_LISTS = 50_000

/** What was read of switches in hours and days that are over. */
export interface KeptSwitches {
  /** What is kept while the TTLs are these: when one is set otherwise, other neighbours are pairs, and nothing is kept. */
  partsUnder(ttls: ReadonlyMap<string, number>): KeptUnits<SwitchPart>
  /** The prices that a unit tells of a model, as far as they are known. */
  quotes(unit: Period, model: string): readonly QuotesOfUnit[] | undefined
  keepQuotes(unit: Unit, model: string, quotes: readonly QuotesOfUnit[]): void
}

/** Equal for questions whose units have the same parts. */
export const switchQuestion = ({ by, side, filter }: Pick<SwitchQuery, 'by' | 'side' | 'filter'>): string =>
  JSON.stringify([isByTime(by) ? 'HOUR' : by, side, filterText(filter)])

/** Names the prices that a unit tells of a model. */
export const quotesName = (unit: Period, model: string): string => `${nameOfPeriod(unit)} ${model}`

/** @param mostRecords the most records that are kept */
export function createKeptSwitches(mostRecords = MOST_RECORDS): KeptSwitches {
  const quotes = createLru<string, readonly QuotesOfUnit[]>(MOST_LISTS, {
    atMost: MOST_QUOTES,
    of: (_key, { length }) => length,
  })
  let kept: { readonly ttls: string; readonly parts: KeptUnits<SwitchPart> } | undefined
  return {
    partsUnder(given) {
      const ttls = JSON.stringify([...given])
      if (kept?.ttls !== ttls) kept = { ttls, parts: createKeptUnits(mostRecords, sizeOf) }
      return kept.parts
    },
    quotes: (unit, model) => quotes.get(quotesName(unit, model)),
    keepQuotes(unit, model, found) {
      if (unit.isOver) quotes.set(quotesName(unit, model), found)
    },
  }
}
