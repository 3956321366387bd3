import { type AffinityIdentity, encodeAffinityKey } from '../../affinities/affinity-key.js'
import { type AffinityRecord, isSamePin, parseAffinity } from '../../affinities/affinity-record.js'
import { InvalidInputError } from '../../errors.js'
import { AFFINITY_STATS_KEY, SCHEDULER_STATS_KEY } from '../../statistics/stats-store.js'
import { encodeAffinityValue } from './affinity-value.js'
import type { RecorderBackend } from './backend.js'
import { createTurns } from './in-turn.js'

/** The upstream that an API key's requests of one format and model are sent to. */
export interface AffinityPin {
  readonly providerId: string
  readonly endpointId: string
  readonly providerKeyId: string
}

/** Counters of `cache_stats:scheduler`, as sums: rates and averages are worked out from them by whoever reads. */
export type SchedulerCounter =
  | 'total_batches'
  | 'total_candidates'
  | 'cache_hits'
  | 'cache_misses'
  | 'concurrency_denied'
  | 'reservation_probe_count'
  | 'reservation_stable_count'

/** Counters of `cache_stats:affinity`, as sums. */
export type AffinityCounter =
  | 'total_affinities'
  | 'cache_hits'
  | 'cache_misses'
  | 'cache_invalidations'
  | 'provider_switches'
  | 'key_switches'

export type RecordOutcome =
  | { readonly kind: 'created' }
  | { readonly kind: 'refreshed' }
  /** The record had another pin until now. */
  | { readonly kind: 'switched'; readonly previous: AffinityPin }

export interface AffinityRecorder {
  /** The live record, or undefined where there is none, it has expired, or its value cannot be read. */
  get(identity: AffinityIdentity): Promise<AffinityRecord | undefined>
  /**
   * Notes one request that was served by a pin. The same pin again: one request more and a later expiry, `createdAt`
   * stays. Another pin, or a value that cannot be read: the record begins anew.
   * @param options.ttlSeconds until it expires unless it is used again: a whole number, at least 1; default 300
   */
  record(
    identity: AffinityIdentity,
    pin: AffinityPin,
    options?: { readonly ttlSeconds?: number },
  ): Promise<RecordOutcome>
  /** Forgets the record, whatever its pin. Was there one? Counts nothing: see countAffinity. */
  invalidate(identity: AffinityIdentity): Promise<boolean>
  /** @param by a whole number; default 1 */
  countScheduler(field: SchedulerCounter, by?: number): Promise<void>
  /** @param by a whole number; default 1 */
  countAffinity(field: AffinityCounter, by?: number): Promise<void>
}

const DEFAULT_TTL_SECONDS = 300

/**
 * Keeps affinities and their counters in exactly the gateway's Redis formats, for gateways written for Node.
 * Within one recorder, requests of one record are counted one after the other. Between processes the last one to write
 * wins, as between the gateway's own workers: a request may go uncounted, a record is never torn.
 *
 * Every method rejects with InvalidInputError where an API key id or a format holds a colon, or a number is not what it
 * must be; and with the backend's own error.
 * @param options.now Unix milliseconds
 */
export function createAffinityRecorder(
  backend: RecorderBackend,
  { now = Date.now }: { readonly now?: () => number } = {},
): AffinityRecorder {
  const inTurn = createTurns()
  const unixSeconds = () => now() / 1_000

  async function read(key: string): Promise<AffinityRecord | undefined> {
    const value = await backend.get(key)
    const parsed = value === undefined ? undefined : parseAffinity(key, value)
    return parsed && 'record' in parsed && parsed.record.expiresAt >= unixSeconds()
      ? parsed.record
      : undefined
  }

  const count = async (key: string, field: string, by: number) => {
    requireWhole('by', by, Number.MIN_SAFE_INTEGER)
    await backend.hashIncrement(key, field, by)
  }

  return {
    get: async (identity) => read(encodeAffinityKey(identity)),

    async record(identity, pin, { ttlSeconds = DEFAULT_TTL_SECONDS } = {}) {
      requireWhole('ttlSeconds', ttlSeconds, 1)
      const key = encodeAffinityKey(identity)
      return inTurn(key, async () => {
        const existing = await read(key)
        const kept = existing && isSamePin(existing, pin) ? existing : undefined
        const at = unixSeconds()
        const value = encodeAffinityValue({
          ...identity,
          ...pin,
          createdAt: kept?.createdAt ?? at,
          expiresAt: at + ttlSeconds,
          requestCount: (kept?.requestCount ?? 0) + 1,
        })
        await backend.set(key, value, ttlSeconds)
        if (kept) return { kind: 'refreshed' }
        return existing ? { kind: 'switched', previous: pinOf(existing) } : { kind: 'created' }
      })
    },

    async invalidate(identity) {
      const key = encodeAffinityKey(identity)
      return inTurn(key, () => backend.delete(key))
    },

    countScheduler: (field, by = 1) => count(SCHEDULER_STATS_KEY, field, by),
    countAffinity: (field, by = 1) => count(AFFINITY_STATS_KEY, field, by),
  }
}

const pinOf = ({ providerId, endpointId, providerKeyId }: AffinityPin): AffinityPin => ({
  providerId,
  endpointId,
  providerKeyId,
})

function requireWhole(field: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    const range = least > Number.MIN_SAFE_INTEGER ? `, at least ${least}` : ''
    throw new InvalidInputError(`${field} must be a whole number${range}.`, field)
  }
}
