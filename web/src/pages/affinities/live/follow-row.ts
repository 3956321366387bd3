import type { AffinityRowFragment } from '../../../generated/graphql.js'
import { type LiveRecord, pointsElsewhere } from './live-page.js'

/**
 * A row after an event. Names come with the page and not with events: where the record points elsewhere now, the names
 * of before are dropped, so that nothing is shown, or cleared, under the name of another.
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
    staleReasons: pointsElsewhere(record, changed) ? null : record.staleReasons,
  }
}
