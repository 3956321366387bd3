import { startsIn } from './period.js'
import type { CacheSums, CacheSumsOfGroup, UsageQuery } from './usage-rows.js'

export interface CacheUsage {
  readonly total: CacheSums
  readonly groupCount: number
  readonly groups: readonly CacheSumsOfGroup[]
  /** The groups that are not among the first. */
  readonly others: CacheSums
}

export const NO_REQUESTS: CacheSums = {
  requests: 0,
  requestsWithCacheRead: 0,
  uncachedInputTokens: 0,
  cacheReadTokens: 0,
  cacheCreationTokens: 0,
  unpricedRequests: 0,
  cacheReadCostUsd: null,
  cacheCreationCostUsd: null,
  savedUsd: null,
  creationPremiumUsd: null,
  actualSavedUsd: null,
  actualPremiumUsd: null,
}

/** Sums what is known; null if neither is. */
const plus = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : a + b)

/** The first less the second, each 0 where it is unknown; null if both are. */
const less = (a: number | null, b: number | null): number | null =>
  a === null && b === null ? null : (a ?? 0) - (b ?? 0)

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

const added = (a: CacheSums, b: CacheSums): CacheSums => ({
  requests: a.requests + b.requests,
  requestsWithCacheRead: a.requestsWithCacheRead + b.requestsWithCacheRead,
  uncachedInputTokens: a.uncachedInputTokens + b.uncachedInputTokens,
  cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
  cacheCreationTokens: a.cacheCreationTokens + b.cacheCreationTokens,
  unpricedRequests: a.unpricedRequests + b.unpricedRequests,
  cacheReadCostUsd: plus(a.cacheReadCostUsd, b.cacheReadCostUsd),
  cacheCreationCostUsd: plus(a.cacheCreationCostUsd, b.cacheCreationCostUsd),
  savedUsd: plus(a.savedUsd, b.savedUsd),
  creationPremiumUsd: plus(a.creationPremiumUsd, b.creationPremiumUsd),
  actualSavedUsd: plus(a.actualSavedUsd, b.actualSavedUsd),
  actualPremiumUsd: plus(a.actualPremiumUsd, b.actualPremiumUsd),
})

const sumOf = (all: readonly CacheSums[]): CacheSums => all.reduce(added, NO_REQUESTS)

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
