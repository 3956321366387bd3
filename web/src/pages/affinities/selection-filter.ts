import type { AffinitiesPageQuery, AffinityFilter } from '../../generated/graphql.js'

/** Whom the server took a search for. */
export type Matched = Pick<AffinitiesPageQuery['affinities'], 'matchedUser' | 'matchedApiKey'>

/**
 * All that the list shows as a filter alone, null where it shows everything. Undefined where no filter says it, as for
 * a free text: clears and subscriptions take filters, never a text, and a wider one must not stand in for it.
 */
export function selectionFilter(
  search: string,
  filter: AffinityFilter | null,
  matched: Matched | null,
): AffinityFilter | null | undefined {
  if (search === '') return filter
  if (matched?.matchedApiKey) return narrowed(filter, 'affinityKey', matched.matchedApiKey.id)
  if (matched?.matchedUser) return narrowed(filter, 'userId', matched.matchedUser.id)
  return undefined
}

/** One field holds one id: a filter for somebody else and the search for this one cannot be said together. */
const narrowed = (filter: AffinityFilter | null, field: 'affinityKey' | 'userId', id: string) =>
  filter?.[field] == null || filter[field] === id ? { ...filter, [field]: id } : undefined
