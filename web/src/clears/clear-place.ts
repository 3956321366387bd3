import type { AffinityFilter } from '../generated/graphql.js'
import type { ClearTarget } from './clear-store.js'

/**
 * Returns the filter of whatever a clear would find where it cleared; null for one that names no place, so that nobody can
 * be there again. Verdicts are left out: a pin that was stale may be usable when it is made anew.
 */
export function placeOf(target: ClearTarget): AffinityFilter | null {
  switch (target.kind) {
    case 'provider':
      return { providerId: target.providerId }
    case 'single':
    case 'selected': {
      const [row, ...more] = target.rows
      if (row === undefined || more.length > 0) return null
      const { affinityKey, modelId, apiFormat, providerId, clientFamily, sessionHash } = row
      return { affinityKey, modelId, apiFormat, providerId, clientFamily, sessionHash }
    }
    case 'filtered': {
      const { stale, usability, staleReasons, createdAfter, ...place } = target.filter
      return place.providerId || place.providerKeyId || place.endpointId ? place : null
    }
    default:
      return null
  }
}
