import {
  type AffinityIdentity,
  type AffinityRecord,
  hasSamePin,
  type PinTarget,
} from '../affinities/affinity-record.js'
import { cacheAffinity } from '../affinities/families/cache-affinity.js'
import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { AFFINITY_STATS_KEY, SCHEDULER_STATS_KEY } from '../statistics/stats-store.js'
import { encodeAffinityValue } from './affinity-value.js'

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
  | 'provider_switches'
  | 'key_switches'

export type RecordOutcome =
  | { readonly kind: 'created' | 'refreshed' }
  /** The record had another pin until now. */
  | { readonly kind: 'switched'; readonly previous: PinTarget }

/** Keeps affinities and their counters as a gateway does that serves requests. */
export interface AffinityRecorder {
  /** The live record; undefined where there is none, it has expired, or its value cannot be read. */
  get(identity: AffinityIdentity): AffinityRecord | undefined
  /**
   * Notes one request that was served by a pin. The same pin again: one request more and a later expiry, `createdAt`
   * stays. Another pin, or a value that cannot be read: the record begins anew.
   * @param ttlSeconds until it expires unless it is used again, more than 0
   */
  record(identity: AffinityIdentity, pin: PinTarget, ttlSeconds: number): RecordOutcome
  countScheduler(field: SchedulerCounter, by?: number): void
  countAffinity(field: AffinityCounter, by?: number): void
}

/** @param secondsAgo how far in the past the recorder is: what it sets has so much less of its life before it */
export function createAffinityRecorder(
  keyspace: MemoryKeyspace,
  now: () => number,
  secondsAgo: () => number = () => 0,
): AffinityRecorder {
  const unixSeconds = () => now() / 1_000 - secondsAgo()

  function get(identity: AffinityIdentity): AffinityRecord | undefined {
    const key = cacheAffinity.encode(identity)
    const parsed = cacheAffinity.parse(key, keyspace.get(key) ?? '')
    return 'record' in parsed && parsed.record.expiresAt >= unixSeconds() ? parsed.record : undefined
  }

  return {
    get,
    record(identity, pin, ttlSeconds) {
      const existing = get(identity)
      const kept = existing && hasSamePin(existing, pin) ? existing : undefined
      const at = unixSeconds()
      const value = encodeAffinityValue({
        ...identity,
        ...pin,
        createdAt: kept?.createdAt ?? at,
        expiresAt: at + ttlSeconds,
        requestCount: (kept?.requestCount ?? 0) + 1,
      })
      keyspace.set(cacheAffinity.encode(identity), value, ttlSeconds - secondsAgo())
      if (kept) return { kind: 'refreshed' }
      return existing ? { kind: 'switched', previous: existing } : { kind: 'created' }
    },
    countScheduler: (field, by = 1) => keyspace.increment(SCHEDULER_STATS_KEY, field, by),
    countAffinity: (field, by = 1) => keyspace.increment(AFFINITY_STATS_KEY, field, by),
  }
}
