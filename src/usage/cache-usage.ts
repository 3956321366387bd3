import { added, NO_REQUESTS } from './add-sums.js'
import { type CutGroups, cutGroups, share } from './cut-groups.js'
import { startOf } from './period.js'
import type { CacheSums, CacheSumsOfGroup, Period, UsageQuery } from './usage-rows.js'

export type CacheUsage = CutGroups<CacheSums>

/** The first less the second, each 0 where it is unknown; null if both are. */
const less = (a: number | null, b: number | null): number | null =>
  a === null && b === null ? null : (a ?? 0) - (b ?? 0)

export const netSavedUsd = (sums: CacheSums): number | null => less(sums.savedUsd, sums.creationPremiumUsd)

export const actualNetSavedUsd = (sums: CacheSums): number | null =>
  less(sums.actualSavedUsd, sums.actualPremiumUsd)

/** The share of requests that read from the cache, 0 to 1; null if there are none. */
export const requestHitRate = (sums: CacheSums): number | null =>
  share(sums.requestsWithCacheRead, sums.requests)

/** The share of input tokens that were read from the cache, 0 to 1; null if there are none. */
export const tokenHitRate = (sums: CacheSums): number | null =>
  share(sums.cacheReadTokens, sums.uncachedInputTokens + sums.cacheReadTokens + sums.cacheCreationTokens)

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

/** Orders the groups by their net saving and cuts them after the first so many. */
export const cacheUsageOf = (
  found: readonly CacheSumsOfGroup[],
  query: Pick<UsageQuery, 'by' | 'since' | 'until'>,
  first: number,
): CacheUsage => cutGroups<CacheSums>(found, query, first, { none: NO_REQUESTS, added }, netSavedUsd)
