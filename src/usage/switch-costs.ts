import { startsIn } from './period.js'
import {
  SWITCH_CAUSES,
  type SwitchCause,
  type SwitchCount,
  type SwitchQuery,
  type SwitchSums,
  type SwitchSumsOfGroup,
} from './usage-chains.js'

export interface SwitchCosts {
  readonly total: SwitchSums
  readonly groupCount: number
  readonly groups: readonly SwitchSumsOfGroup[]
  /** The groups that are not among the first. */
  readonly others: SwitchSums
}

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
  costUsd: a.costUsd === null ? b.costUsd : b.costUsd === null ? a.costUsd : a.costUsd + b.costUsd,
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

const plus = (a: SwitchSums, b: SwitchSums): SwitchSums => ({
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

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

/** The token hit rate of the requests that the same provider key answered as the one before, 0 to 1; null if there are none. */
export const hitRateSameKey = ({ stayedRead, stayedInput }: SwitchSums): number | null =>
  share(stayedRead, stayedInput)

/** The same of the requests that were switched. */
export const hitRateSwitched = ({ switchedRead, switchedInput }: SwitchSums): number | null =>
  share(switchedRead, switchedInput)

/** Puts groups in order: the dearest first, unknown costs last, then by key. */
function dearestFirst(a: SwitchSumsOfGroup, b: SwitchSumsOfGroup): number {
  const [x, y] = [switchesOf(a).costUsd, switchesOf(b).costUsd]
  if (x !== y) return x === null ? 1 : y === null ? -1 : y - x
  if (a.key === b.key) return 0
  return a.key === null ? 1 : b.key === null ? -1 : a.key < b.key ? -1 : 1
}

/** Orders the groups and cuts them after the first so many. Hours and days are all there, also those without neighbours. */
export function switchCostsOf(
  found: readonly SwitchSumsOfGroup[],
  query: Pick<SwitchQuery, 'by' | 'since' | 'until'>,
  first: number,
): SwitchCosts {
  const total = found.reduce<SwitchSums>(plus, NO_NEIGHBOURS)
  if (query.by === 'TOTAL')
    return { total, groupCount: 1, groups: [{ key: null, ...total }], others: NO_NEIGHBOURS }
  if (query.by === 'HOUR' || query.by === 'DAY') {
    const known = new Map(found.map((group) => [group.key, group]))
    const groups = startsIn(query, query.by).map((key) => known.get(key) ?? { key, ...NO_NEIGHBOURS })
    return { total, groupCount: groups.length, groups, others: NO_NEIGHBOURS }
  }
  const ordered = [...found].sort(dearestFirst)
  return {
    total,
    groupCount: ordered.length,
    groups: ordered.slice(0, first),
    others: ordered.slice(first).reduce<SwitchSums>(plus, NO_NEIGHBOURS),
  }
}
