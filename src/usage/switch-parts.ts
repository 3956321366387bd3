import { TimeSlice } from '../util/time-slice.js'
import { nearer, PRICES, type PriceKind, type Quote, type QuoteBook, type Quotes } from './nearest-quotes.js'
import { startOf } from './period.js'
import { mergedSwitches, NO_NEIGHBOURS } from './switch-costs.js'
import type { SwitchCause, SwitchCount, SwitchSums, SwitchSumsOfGroup } from './usage-chains.js'
import type { Period, UsageGrouping } from './usage-rows.js'

/** Sums over the neighbours of a group in a unit that are pairs, or that no order is known of. */
export interface PairsOfGroup extends Omit<SwitchSums, 'unknownPairs' | 'byCause'> {
  readonly key: string | null
}

/** What is alike of switches: their group, why, as far as rows tell, and the key that was left, if it may tell why. */
export interface SwitchKind {
  readonly key: string | null
  readonly cause: SwitchCause | null
  /** Null where the cause is known. */
  readonly leftKey: string | null
}

/** Switches of one kind whose cost is known. */
export interface CostedSwitches extends SwitchKind {
  readonly switches: number
  readonly lostTokens: number
  readonly costUsd: number
}

/** A switch whose cost depends on prices that rows outside its unit may tell. */
export interface OpenSwitch extends SwitchKind {
  /** In microseconds since 1970. */
  readonly at: number
  readonly model: string
  readonly providerKey: string
  /** Lost tokens that the second request wrote, and the others. */
  readonly lostCreated: number
  readonly lostOther: number
  /** Its own prices, and the nearest ones in its unit. */
  readonly own: Readonly<Record<PriceKind, number | null>>
  readonly ofKey: Quotes
  readonly ofModel: Quotes
}

/** What the rows of a unit say of switches, in a form that adds up over any units. */
export interface SwitchPart extends Period {
  readonly pairs: readonly PairsOfGroup[]
  readonly costed: readonly CostedSwitches[]
  readonly open: readonly OpenSwitch[]
  /** The API keys with rows that name no provider key: their chains have neighbours that count at any distance. */
  readonly withoutProviderKey: readonly string[]
}

/** An open switch takes as much memory as so many sums. */
const SIZE_OF_OPEN = 8

/** How many records of some 100 bytes a part takes. */
export const sizeOf = ({ pairs, costed, open, withoutProviderKey }: SwitchPart): number =>
  1 + pairs.length + costed.length + SIZE_OF_OPEN * open.length + withoutProviderKey.length

/** The key of a group, of which parts have that of its hour where groups are by time. */
export function keyOfGroup(by: UsageGrouping, key: string | null): string | null {
  if (by === 'TOTAL' || key === null) return null
  return by === 'DAY' ? startOf(new Date(key), 'DAY') : key
}

/** The price of the nearest request in the period, as far as the switch's own does not tell it. */
function priceOf(one: OpenSwitch, kind: PriceKind, book: QuoteBook): number | null {
  const { at, model, providerKey, own, ofKey, ofModel } = one
  const nearest = (inUnit: Quote | null, elsewhere: Quote | null) => nearer(at, inUnit, elsewhere)?.price
  return (
    own[kind] ??
    nearest(ofKey[kind], book.nearest(kind, at, model, providerKey)) ??
    nearest(ofModel[kind], book.nearest(kind, at, model)) ??
    null
  )
}

function costOf(one: OpenSwitch, book: QuoteBook): number | null {
  const { lostCreated, lostOther } = one
  const [input, read, creation] = PRICES.map((kind) => priceOf(one, kind, book))
  const costs = [
    [lostCreated, creation],
    [lostOther, input],
  ] as const
  let cost: number | null = 0
  for (const [tokens, price] of costs.filter(([tokens]) => tokens > 0))
    cost = cost === null || price == null || read == null ? null : cost + (tokens * (price - read)) / 1e6
  return cost
}

/**
 * Adds parts up.
 * @param book the prices of all units for the models of open switches
 * @param isInactive whether a provider key is inactive now
 */
export async function switchSumsOf(
  parts: readonly SwitchPart[],
  by: UsageGrouping,
  book: QuoteBook,
  isInactive: (providerKey: string) => boolean,
): Promise<SwitchSumsOfGroup[]> {
  const slice = new TimeSlice()
  const pairs = mergedSwitches(
    parts.map((part) =>
      part.pairs.map((sums) => ({ ...NO_NEIGHBOURS, ...sums, key: keyOfGroup(by, sums.key) })),
    ),
  )
  const counts = new Map<string | null, Partial<Record<SwitchCause, Count>>>()
  const countOf = ({ key, cause: told, leftKey }: SwitchKind): Count => {
    const cause = told ?? (leftKey !== null && isInactive(leftKey) ? 'KEY_INACTIVE' : 'UNKNOWN')
    const group = keyOfGroup(by, key)
    const causes = counts.get(group) ?? {}
    counts.set(group, causes)
    causes[cause] ??= { switches: 0, lostTokens: 0, costUsd: null, unpricedSwitches: 0 }
    return causes[cause]
  }
  for (const { costed, open } of parts) {
    for (const one of costed) {
      const count = countOf(one)
      count.switches += one.switches
      count.lostTokens += one.lostTokens
      count.costUsd = (count.costUsd ?? 0) + one.costUsd
      if (slice.isOver()) await slice.next()
    }
    for (const one of open) {
      const [count, cost] = [countOf(one), costOf(one, book)]
      count.switches += 1
      count.lostTokens += one.lostCreated + one.lostOther
      if (cost === null) count.unpricedSwitches += 1
      else count.costUsd = (count.costUsd ?? 0) + cost
      if (slice.isOver()) await slice.next()
    }
  }
  return pairs.map((sums) => ({ ...sums, byCause: counts.get(sums.key) ?? {} }))
}

type Count = { -readonly [Name in keyof SwitchCount]: SwitchCount[Name] }
