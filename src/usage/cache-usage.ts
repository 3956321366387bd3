import { NO_REQUESTS, sumOf } from './add-sums.js'
import { startOf, startsIn } from './period.js'
import type { CacheSums, CacheSumsOfGroup, Period, UsageQuery } from './usage-rows.js'

export interface CacheUsage {
  readonly total: CacheSums
  readonly groupCount: number
  readonly groups: readonly CacheSumsOfGroup[]
  /** The groups that are not among the first. */
  readonly others: CacheSums
}

/** The first less the second, each 0 where it is unknown; null if both are. */
const less = (a: number | null, b: number | null): number | null =>
  a === null && b === null ? null : (a ?? 0) - (b ?? 0)

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

export const netSavedUsd = (sums: CacheSums): number | null => less(sums.savedUsd, sums.creationPremiumUsd)

export const actualNetSavedUsd = (sums: CacheSums): number | null =>
  less(sums.actualSavedUsd, sums.actualPremiumUsd)

/** The share of requests that read from the cache, 0 to 1; null if there are none. */
export const requestHitRate = (sums: CacheSums): number | null =>
  share(sums.requestsWithCacheRead, sums.requests)

/** The share of input tokens that were read from the cache, 0 to 1; null if there are none. */
export const tokenHitRate = (sums: CacheSums): number | null =>
  share(sums.cacheReadTokens, sums.uncachedInputTokens + sums.cacheReadTokens + sums.cacheCreationTokens)

/** Puts groups in order: the largest net saving first, unknown ones last, then by key. */
function byNetSaved(a: CacheSumsOfGroup, b: CacheSumsOfGroup): number {
  const [x, y] = [netSavedUsd(a), netSavedUsd(b)]
  if (x !== y) return x === null ? 1 : y === null ? -1 : y - x
  if (a.key === b.key) return 0
  return a.key === null ? 1 : b.key === null ? -1 : a.key < b.key ? -1 : 1
}

/** Names the group of a unit by its hour or its day, where these are the groups. */
export function byHourOrDay(
  by: UsageQuery['by'],
  unit: Period,
  groups: readonly CacheSumsOfGroup[],
): readonly CacheSumsOfGroup[] {
  if (by !== 'HOUR' && by !== 'DAY') return groups
  const key = startOf(unit.since, by)
  return groups.map((group) => ({ ...group, key }))
}

/** Orders the groups and cuts them after the first so many. Hours and days are all there, also those without a request. */
export function cacheUsageOf(
  found: readonly CacheSumsOfGroup[],
  query: Pick<UsageQuery, 'by' | 'since' | 'until'>,
  first: number,
): CacheUsage {
  const total = sumOf(found)
  if (query.by === 'TOTAL') {
    return { total, groupCount: 1, groups: [{ key: null, ...total }], others: NO_REQUESTS }
  }
  if (query.by === 'HOUR' || query.by === 'DAY') {
    const known = new Map(found.map((group) => [group.key, group]))
    const groups = startsIn(query, query.by).map((key) => known.get(key) ?? { key, ...NO_REQUESTS })
    return { total, groupCount: groups.length, groups, others: NO_REQUESTS }
  }
  const ordered = [...found].sort(byNetSaved)
  return {
    total,
    groupCount: ordered.length,
    groups: ordered.slice(0, first),
    others: sumOf(ordered.slice(first)),
  }
}
