import type { AffinityRowFragment } from '../../../generated/graphql.js'
import { type LiveRecord, pointsElsewhere } from './live-page.js'

/**
 * Applies an event to a row. Events carry ids and no names. If the record is pinned to another target now, the old names
 * are dropped, so that nothing is shown, or cleared, under a wrong name.
 */
export function followRow(record: AffinityRowFragment, changed: LiveRecord): AffinityRowFragment {
  const { requestCount, expiresAt, ttlSeconds, createdAt, providerId, endpointId, providerKeyId } = changed
  const key = providerKeyId === record.providerKeyId
  return {
    ...record,
    requestCount,
    expiresAt,
    ttlSeconds,
    createdAt,
    providerId,
    endpointId,
    providerKeyId,
    provider: providerId === record.providerId ? record.provider : null,
    endpoint: endpointId === record.endpointId ? record.endpoint : null,
    providerKey: key ? record.providerKey : null,
    rateMultiplier: key ? record.rateMultiplier : null,
    // What the scheduler would do with another target is not known before the row is read again.
    ...(pointsElsewhere(record, changed) && { usability: null, staleReasons: null, conditions: null }),
  }
}
