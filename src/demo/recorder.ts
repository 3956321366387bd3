import {
  type AffinityIdentity,
  type AffinityRecord,
  hasSamePin,
  type PinTarget,
} from '../affinities/affinity-record.js'
import { cacheAffinity } from '../affinities/families/cache-affinity.js'
import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { AFFINITY_STATS_KEY, SCHEDULER_STATS_KEY } from '../statistics/stats-store.js'

/** Counters in `cache_stats:scheduler`. They are sums; readers compute rates and averages from them. */
export type SchedulerCounter =
  | 'total_batches'
  | 'total_candidates'
  | 'cache_hits'
  | 'cache_misses'
  | 'concurrency_denied'
  | 'reservation_probe_count'
  | 'reservation_stable_count'

/** Counters in `cache_stats:affinity`, also sums. */
export type AffinityCounter =
  | 'total_affinities'
  | 'cache_hits'
  | 'cache_misses'
  | 'provider_switches'
  | 'key_switches'

export type RecordOutcome =
  | { readonly kind: 'created' | 'refreshed' }
  /** The record had another pin before. */
  | { readonly kind: 'switched'; readonly previous: PinTarget }

/** Writes affinities and counters as a gateway does while it serves requests. */
export interface AffinityRecorder {
  /** Returns the live record; undefined if there is none, if it has expired, or if its value cannot be read. */
  get(identity: AffinityIdentity): AffinityRecord | undefined
  /**
   * Records one request that a pin served. The same pin as before refreshes the record: its request count and expiry grow,
   * and `createdAt` stays. Another pin, or a value that cannot be read, is replaced by a new record.
   * @param ttlSeconds TTL of the record, greater than 0
   */
  record(identity: AffinityIdentity, pin: PinTarget, ttlSeconds: number): RecordOutcome
  countScheduler(field: SchedulerCounter, by?: number): void
  countAffinity(field: AffinityCounter, by?: number): void
}

/**
 * Creates a recorder.
 * @param secondsAgo seconds between the recorder's clock and now; the TTL of a record it writes is shorter by as much
 */
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
        writtenExpiry: at + ttlSeconds,
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

/**
 * Encodes the value of an affinity, byte for byte as the gateway's Python (`json.dumps`) does: these eight fields in this
 * order, a space after `:` and `,`, floats with a decimal point, and ASCII characters only.
 */
export function encodeAffinityValue(
  record: Omit<AffinityRecord, 'key' | 'affinityKey' | 'family' | 'expiresAt'>,
): string {
  const fields = [
    ['provider_id', pythonString(record.providerId)],
    ['endpoint_id', pythonString(record.endpointId)],
    ['key_id', pythonString(record.providerKeyId)],
    ['api_format', pythonString(record.apiFormat)],
    ['model_name', pythonString(record.modelId)],
    ['created_at', pythonFloat(record.createdAt)],
    ['expire_at', pythonFloat(record.writtenExpiry)],
    ['request_count', String(record.requestCount)],
  ]
  return `{${fields.map(([name, value]) => `"${name}": ${value}`).join(', ')}}`
}

/** Matches each UTF-16 code unit from DEL on. Python, too, escapes a character beyond the BMP as two surrogates. */
const NOT_ASCII = /[\u007f-\uffff]/g

const pythonString = (text: string): string =>
  JSON.stringify(text).replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Encodes a Unix time. For numbers of this size neither Python nor JavaScript uses an exponent. */
const pythonFloat = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value))
