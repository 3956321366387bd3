import { plus } from './cut-groups.js'
import type { CacheSums, CacheSumsOfGroup } from './usage-rows.js'

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

/** Adds two sums. */
export const added = (a: CacheSums, b: CacheSums): CacheSums => ({
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

export const sumOf = (all: readonly CacheSums[]): CacheSums => all.reduce(added, NO_REQUESTS)

/** Adds the groups of several parts of a period that have the same key. */
export function mergedGroups(parts: readonly (readonly CacheSumsOfGroup[])[]): readonly CacheSumsOfGroup[] {
  const [first, ...others] = parts
  if (!first || others.length === 0) return first ?? []
  const merged = new Map<string | null, CacheSumsOfGroup>()
  for (const part of parts)
    for (const group of part) {
      const known = merged.get(group.key)
      merged.set(group.key, known ? { key: group.key, ...added(known, group) } : group)
    }
  return [...merged.values()]
}
