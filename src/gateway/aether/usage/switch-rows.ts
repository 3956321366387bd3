import type { Rows } from '../../../postgres/long-read.js'
import {
  PRICES,
  type PriceKind,
  type Quote,
  type Quotes,
  type QuotesOfUnit,
} from '../../../usage/nearest-quotes.js'
import type { CostedSwitches, OpenSwitch, SwitchPart } from '../../../usage/switch-parts.js'
import type { Unit } from '../../../usage/units.js'
import { SWITCH_CAUSES, type SwitchCause } from '../../../usage/usage-chains.js'

/** What a statement over several units has read of one of them. */
export interface ReadUnit {
  readonly unit: Unit
  readonly part: SwitchPart
  readonly quotes: readonly QuotesOfUnit[]
}

/** What the rows of a statement say of each of its units, in their order. */
export function readUnits(rows: Rows, units: readonly Unit[]): readonly ReadUnit[] {
  const same = createSame()
  const read = units.map((unit) => ({
    unit,
    part: { since: unit.since, until: unit.until, ...emptyPart() },
    quotes: [] as QuotesOfUnit[],
  }))
  for (const [place, kind, key, json] of rows) {
    const found = read[Number(place) - 1]
    if (!found) continue
    const name = same(key)
    const rest: readonly unknown[] = json === null ? [] : JSON.parse(String(json))
    if (kind === 'pairs') found.part.pairs.push(pairsOf(name, rest))
    if (kind === 'keyless') found.part.withoutProviderKey.push(String(name))
    if (kind === 'costed') found.part.costed.push(costedOf(name, rest, same))
    if (kind === 'open') found.part.open.push(openOf(name, rest, same))
    if (kind === 'quotes') found.quotes.push(quotesOfUnit(name, rest, same))
  }
  return read
}

type Same = (text: unknown) => string | null

/** Texts of rows that are equal become one text: many rows that are kept name few groups and keys. */
function createSame(): Same {
  const known = new Map<string, string>()
  return (given) => {
    if (given === null || given === undefined) return null
    const text = String(given)
    const first = known.get(text)
    if (first === undefined) known.set(text, text)
    return first ?? text
  }
}

const emptyPart = () => ({
  pairs: [] as SwitchPart['pairs'][number][],
  costed: [] as SwitchPart['costed'][number][],
  open: [] as OpenSwitch[],
  withoutProviderKey: [] as string[],
})

function pairsOf(key: string | null, figures: readonly unknown[]): SwitchPart['pairs'][number] {
  const [
    pairs = 0,
    unorderedPairs = 0,
    stayedRead = 0,
    stayedInput = 0,
    switchedRead = 0,
    switchedInput = 0,
    withoutSession = 0,
  ] = figures.map(Number)
  return { key, pairs, unorderedPairs, stayedRead, stayedInput, switchedRead, switchedInput, withoutSession }
}

const causeOf = (given: unknown): SwitchCause | null => SWITCH_CAUSES.find((one) => one === given) ?? null

// Written as one literal each: an object that is put together of others takes three times the memory.
function costedOf(key: string | null, rest: readonly unknown[], same: Same): CostedSwitches {
  return {
    key,
    cause: causeOf(rest[0]),
    leftKey: same(rest[1]),
    switches: Number(rest[2]),
    lostTokens: Number(rest[3]),
    costUsd: Number(rest[4]),
  }
}

/** What three prices in a row are, each of so many fields. */
const ofPrices = <Value>(of: (place: number) => Value): Readonly<Record<PriceKind, Value>> => {
  const [input, read, creation] = PRICES.map((_price, place) => of(place))
  return { input, read, creation } as Readonly<Record<PriceKind, Value>>
}

/** A time and a price. */
const quoteOf = (given: unknown): Quote | null =>
  Array.isArray(given) ? { at: Number(given[0]), price: Number(given[1]) } : null

/** The price is told below 0, so that the dearest of an instant is the least. */
const firstQuoteOf = (given: unknown): Quote | null => {
  const quote = quoteOf(given)
  return quote && { ...quote, price: -quote.price }
}

function openOf(key: string | null, rest: readonly unknown[], same: Same): OpenSwitch {
  const [at, model, providerKey, lostCreated, lostOther, ...prices] = rest.slice(2)
  const quotes = (from: number): Quotes => ofPrices((place) => quoteOf(prices[3 * place + from]))
  return {
    key,
    cause: causeOf(rest[0]),
    leftKey: same(rest[1]),
    at: Number(at),
    model: same(model) ?? '',
    providerKey: same(providerKey) ?? '',
    lostCreated: Number(lostCreated),
    lostOther: Number(lostOther),
    own: ofPrices((place) => numberOf(prices[3 * place])),
    ofKey: quotes(1),
    ofModel: quotes(2),
  }
}

const quotesOfUnit = (
  model: string | null,
  [providerKey, ...quotes]: readonly unknown[],
  same: Same,
): QuotesOfUnit => ({
  model: model ?? '',
  providerKey: same(providerKey),
  first: ofPrices((place) => firstQuoteOf(quotes[2 * place])),
  last: ofPrices((place) => quoteOf(quotes[2 * place + 1])),
})

const numberOf = (value: unknown): number | null =>
  value === null || value === undefined ? null : Number(value)
