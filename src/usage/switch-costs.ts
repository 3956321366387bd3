import { type CutGroups, cutGroups, plus, share } from './cut-groups.js'
import {
  SWITCH_CAUSES,
  type SwitchCause,
  type SwitchCount,
  type SwitchQuery,
  type SwitchSums,
  type SwitchSumsOfGroup,
} from './usage-chains.js'

export type SwitchCosts = CutGroups<SwitchSums>

export interface CauseCount extends SwitchCount {
  readonly cause: SwitchCause
}

export const NO_NEIGHBOURS: SwitchSums = {
  pairs: 0,
  unknownPairs: 0,
  unorderedPairs: 0,
  stayedRead: 0,
  stayedInput: 0,
  switchedRead: 0,
  switchedInput: 0,
  withoutSession: 0,
  byCause: {},
}

const NO_SWITCHES: SwitchCount = { switches: 0, lostTokens: 0, costUsd: null, unpricedSwitches: 0 }

const plusCount = (a: SwitchCount, b: SwitchCount): SwitchCount => ({
  switches: a.switches + b.switches,
  lostTokens: a.lostTokens + b.lostTokens,
  costUsd: plus(a.costUsd, b.costUsd),
  unpricedSwitches: a.unpricedSwitches + b.unpricedSwitches,
})

/** The causes that occur, in the order in which they are looked for. */
export const causesOf = ({ byCause }: SwitchSums): CauseCount[] =>
  SWITCH_CAUSES.flatMap((cause) => {
    const count = byCause[cause]
    return count ? [{ cause, ...count }] : []
  })

/** All switches, whatever their cause. */
export const switchesOf = (sums: SwitchSums): SwitchCount => causesOf(sums).reduce(plusCount, NO_SWITCHES)

const added = (a: SwitchSums, b: SwitchSums): SwitchSums => ({
  pairs: a.pairs + b.pairs,
  unknownPairs: a.unknownPairs + b.unknownPairs,
  unorderedPairs: a.unorderedPairs + b.unorderedPairs,
  stayedRead: a.stayedRead + b.stayedRead,
  stayedInput: a.stayedInput + b.stayedInput,
  switchedRead: a.switchedRead + b.switchedRead,
  switchedInput: a.switchedInput + b.switchedInput,
  withoutSession: a.withoutSession + b.withoutSession,
  byCause: Object.fromEntries(
    SWITCH_CAUSES.flatMap((cause) => {
      const [x, y] = [a.byCause[cause], b.byCause[cause]]
      const count = x && y ? plusCount(x, y) : (x ?? y)
      return count ? [[cause, count]] : []
    }),
  ),
})

/** Adds up the groups of the same key of several parts, no chain of which is in two. */
export function mergedSwitches(parts: readonly (readonly SwitchSumsOfGroup[])[]): SwitchSumsOfGroup[] {
  const merged = new Map<string | null, SwitchSumsOfGroup>()
  for (const group of parts.flat()) {
    const known = merged.get(group.key)
    merged.set(group.key, known ? { ...added(known, group), key: group.key } : group)
  }
  return [...merged.values()]
}

/** The token hit rate of the requests that the same provider key answered as the one before, 0 to 1; null if there are none. */
export const hitRateSameKey = ({ stayedRead, stayedInput }: SwitchSums): number | null =>
  share(stayedRead, stayedInput)

/** The same of the requests that were switched. */
export const hitRateSwitched = ({ switchedRead, switchedInput }: SwitchSums): number | null =>
  share(switchedRead, switchedInput)

/** Orders the groups by their cost and cuts them after the first so many. */
export const switchCostsOf = (
  found: readonly SwitchSumsOfGroup[],
  query: Pick<SwitchQuery, 'by' | 'since' | 'until'>,
  first: number,
): SwitchCosts =>
  cutGroups<SwitchSums>(
    found,
    query,
    first,
    { none: NO_NEIGHBOURS, added },
    (sums) => switchesOf(sums).costUsd,
  )
