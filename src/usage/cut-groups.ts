import { startsIn } from './period.js'
import type { Period, UsageGrouping } from './usage-rows.js'

interface Keyed {
  readonly key: string | null
}

/** Sums that can be added to each other. */
export interface Addition<Sums> {
  readonly none: Sums
  added(a: Sums, b: Sums): Sums
}

export interface CutGroups<Sums> {
  readonly total: Sums
  readonly groupCount: number
  readonly groups: readonly (Sums & Keyed)[]
  /** The groups that are not among the first. */
  readonly others: Sums
}

/**
 * Puts groups in order: the largest figure first, unknown ones last, then by key. Hours and days come in the order of time,
 * also those of which nothing is known. Other groupings are cut after the first so many.
 */
export function cutGroups<Sums extends object>(
  found: readonly (Sums & Keyed)[],
  { by, ...period }: Period & { readonly by: UsageGrouping },
  first: number,
  { none, added }: Addition<Sums>,
  figureOf: (sums: Sums) => number | null,
): CutGroups<Sums> {
  const total = found.reduce<Sums>(added, none)
  if (by === 'TOTAL') return { total, groupCount: 1, groups: [{ ...total, key: null }], others: none }
  if (by === 'HOUR' || by === 'DAY') {
    const known = new Map(found.map((group) => [group.key, group]))
    const groups = startsIn(period, by).map((key) => known.get(key) ?? { ...none, key })
    return { total, groupCount: groups.length, groups, others: none }
  }
  const ordered = [...found].sort((a, b) => descending(figureOf(a), figureOf(b)) || byKey(a, b))
  return {
    total,
    groupCount: ordered.length,
    groups: ordered.slice(0, first),
    others: ordered.slice(first).reduce<Sums>(added, none),
  }
}

function descending(a: number | null, b: number | null): number {
  if (a === b) return 0
  return a === null ? 1 : b === null ? -1 : b - a
}

function byKey({ key: a }: Keyed, { key: b }: Keyed): number {
  if (a === b) return 0
  return a === null ? 1 : b === null ? -1 : a < b ? -1 : 1
}

/** Sums what is known; null if neither is. */
export const plus = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : a + b

export const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)
