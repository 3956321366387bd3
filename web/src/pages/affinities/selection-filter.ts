import type { AffinitiesPageQuery, AffinityFilter } from '../../generated/graphql.js'

/** The server recognised the search text as this user or API key. */
export type Matched = Pick<AffinitiesPageQuery['affinities'], 'matchedUser' | 'matchedApiKey'>

/**
 * Returns the selection of the list as a filter, and null for all records. It is undefined if no filter can express it,
 * as with free text: clears and subscriptions take only filters, and a wider filter would be wrong.
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

/** A field holds one id, so a filter by another id and this search cannot be combined. */
const narrowed = (filter: AffinityFilter | null, field: 'affinityKey' | 'userId', id: string) =>
  filter?.[field] == null || filter[field] === id ? { ...filter, [field]: id } : undefined
