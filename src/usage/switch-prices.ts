import { type KeptSwitches, quotesName } from './kept-switches.js'
import { createQuoteBook, type QuoteBook, type QuotesOfUnit } from './nearest-quotes.js'
import type { SwitchPart } from './switch-parts.js'
import type { Unit } from './units.js'

/** A part, with the unit that it was read or kept for. */
export interface PartOfUnit {
  readonly unit: Unit
  readonly part: SwitchPart
}

/** The models whose prices decide what open switches cost. */
export const openModels = (parts: readonly PartOfUnit[]): readonly string[] => [
  ...new Set(parts.flatMap(({ part }) => part.open.map(({ model }) => model))),
]

/** The prices that the units of one answer tell, those that are kept and those that were read for it. */
export interface UnitPrices {
  /** Adds what was read of a unit, of all the prices of these models. */
  add(unit: Unit, models: Iterable<string>, quotes: readonly QuotesOfUnit[]): void
  isKnown(unit: Unit, model: string): boolean
  /** All prices of these models in the units, as far as they are known. */
  book(units: readonly Unit[], models: readonly string[]): QuoteBook
}

export function createUnitPrices(kept: KeptSwitches): UnitPrices {
  const read = new Map<string, readonly QuotesOfUnit[]>()
  const get = (unit: Unit, model: string) => read.get(quotesName(unit, model)) ?? kept.quotes(unit, model)
  return {
    add(unit, models, quotes) {
      const byModel = new Map<string, QuotesOfUnit[]>()
      for (const one of quotes) {
        const ofModel = byModel.get(one.model) ?? []
        byModel.set(one.model, ofModel)
        ofModel.push(one)
      }
      for (const model of models) {
        const ofModel = byModel.get(model) ?? []
        read.set(quotesName(unit, model), ofModel)
        kept.keepQuotes(unit, model, ofModel)
      }
    },
    isKnown: (unit, model) => get(unit, model) !== undefined,
    book(units, models) {
      const book = createQuoteBook()
      for (const unit of units)
        for (const model of models) for (const quotes of get(unit, model) ?? []) book.add(quotes)
      return book
    },
  }
}
