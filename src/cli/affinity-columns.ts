import type { AffinityNames, AffinityRecord, Verdict } from '../client/index.js'
import { type Column, duration, utc } from './format.js'

/** Only the family with sessions fills these columns. The first digits of a hash tell sessions apart well enough for a person. */
const SESSION_COLUMNS: readonly Column<Pick<AffinityRecord, 'clientFamily' | 'sessionHash'>>[] = [
  { title: 'CLIENT', value: ({ clientFamily }) => clientFamily, optional: true, rank: 6 },
  { title: 'SESSION', value: ({ sessionHash }) => sessionHash?.slice(0, 12), optional: true, rank: 7 },
  { title: 'SESSION HASH', value: ({ sessionHash }) => sessionHash, optional: true, wide: true },
]

const DOES_NOT_EXPIRE = 'does not expire'

export const RECORD_COLUMNS: readonly Column<AffinityRecord>[] = [
  { title: 'API KEY', value: ({ affinityKey }) => affinityKey },
  { title: 'FORMAT', value: ({ apiFormat }) => apiFormat, rank: 2 },
  { title: 'MODEL', value: ({ modelId }) => modelId },
  ...SESSION_COLUMNS,
  { title: 'PROVIDER', value: ({ providerId }) => providerId },
  { title: 'ENDPOINT', value: ({ endpointId }) => endpointId, wide: true },
  { title: 'PROVIDER KEY', value: ({ providerKeyId }) => providerKeyId, wide: true },
  { title: 'REQUESTS', value: ({ requestCount }) => requestCount, align: 'right', rank: 3 },
  {
    title: 'EXPIRES AT (UTC)',
    value: ({ expiresAt }) => (expiresAt === null ? DOES_NOT_EXPIRE : utc(expiresAt)),
    rank: 1,
  },
]

export const AFFINITY_COLUMNS: readonly Column<AffinityNames>[] = [
  { title: 'USER', value: ({ user }) => user?.username },
  { title: 'USER ID', value: ({ user }) => user?.id, wide: true },
  { title: 'API KEY', value: ({ apiKey, affinityKey }) => apiKey?.name ?? affinityKey, rank: 3 },
  { title: 'API KEY ID', value: ({ affinityKey }) => affinityKey, wide: true },
  { title: 'FORMAT', value: ({ apiFormat }) => apiFormat, rank: 2 },
  { title: 'MODEL', value: ({ modelName, modelId }) => modelName ?? modelId },
  { title: 'MODEL ID', value: ({ modelId }) => modelId, wide: true },
  ...SESSION_COLUMNS,
  { title: 'PROVIDER', value: ({ provider, providerId }) => provider?.displayName ?? providerId },
  { title: 'PROVIDER ID', value: ({ providerId }) => providerId, wide: true },
  { title: 'ENDPOINT ID', value: ({ endpointId }) => endpointId, wide: true },
  {
    title: 'PROVIDER KEY',
    value: ({ providerKey, providerKeyId }) => providerKey?.name ?? providerKeyId,
    rank: 4,
  },
  { title: 'PROVIDER KEY ID', value: ({ providerKeyId }) => providerKeyId, wide: true },
  { title: 'REQUESTS', value: ({ requestCount }) => requestCount, align: 'right', rank: 5 },
  {
    title: 'EXPIRES IN',
    value: ({ ttlSeconds }) => duration(ttlSeconds) ?? DOES_NOT_EXPIRE,
    align: 'right',
    rank: 1,
  },
  { title: 'USABILITY', value: ({ usability }) => usability },
  { title: 'WHY', value: whyOf, optional: true, whole: true },
]

/** Why a pin is stale, or what of a request its use depends on. */
export function whyOf({ staleReasons, conditions }: Verdict): string | undefined {
  const words = [...(staleReasons ?? []), ...(conditions ?? [])]
  return words.length > 0 ? words.join(', ') : undefined
}
