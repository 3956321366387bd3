import type { AffinityChangeType } from '../affinity-events.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { AffinityHistory, HistoryBucket, HistoryRequest } from '../affinity-source.js'
import { CLEARED, createSeries, KINDS, MINUTES, type Series, SLOTS } from './series.js'

const MINUTE_MS = 60_000

/** Providers with a series of their own: with the whole these take 8 MB. */
const MAX_PROVIDERS = 200
/**
 * A provider gets the series of another one when it has so many times as many affinities: two that are about as large would
 * else take it from each other, and what it held is lost each time.
 */
const CLEARLY_LARGER = 1.1

/** The live affinities, of all providers and of each. */
export interface Totals {
  readonly all: number
  readonly byProvider: ReadonlyMap<string, number>
}

export interface MinuteHistoryDeps {
  /** Unix milliseconds. */
  readonly now: () => number
  /** Asked once a minute, and for the bucket that is not over. */
  readonly totals: () => Totals
  /** Default 200. */
  readonly maxProviders?: number
}

/**
 * Counts changes by minute and provider for 24 hours, in rings of a fixed size. It knows for each minute how much of it was
 * seen, so that a gap is told from a time without changes.
 */
export class MinuteHistory implements AffinityHistory {
  readonly #deps: MinuteHistoryDeps
  readonly #whole = createSeries()
  readonly #providers = new Map<string, Series>()
  /** Whether some provider has no series of its own: the whole alone has what these do. */
  #isCrowded = false
  /** Milliseconds of each minute in which changes were seen. */
  readonly #seenMs = new Uint16Array(MINUTES)
  #isFollowed = false
  /** Everything before this moment is in the rings, in Unix milliseconds. */
  #at: number
  #since: number
  #hasBegun = false

  constructor(deps: MinuteHistoryDeps) {
    this.#deps = deps
    this.#at = deps.now()
    this.#since = this.#at
  }

  /** Tells whether changes are seen from now on. */
  follow(isFollowed: boolean): void {
    this.advance()
    if (isFollowed && !this.#hasBegun) {
      this.#hasBegun = true
      this.#since = this.#at
    }
    this.#isFollowed = isFollowed
  }

  /** A switch between providers counts at both, and once in the whole. @param isCleared whether a clear removed the record */
  count(
    type: AffinityChangeType,
    record: AffinityRecord,
    previous: AffinityRecord | undefined,
    isCleared: boolean,
  ): void {
    this.advance()
    const minute = slotOf(minuteOf(this.#at)) * SLOTS
    const slot = minute + KINDS[type]
    for (const series of [this.#whole, this.#seriesOf(record.providerId)]) {
      if (!series) continue
      this.#add(series, slot)
      if (isCleared && type === 'REMOVED') this.#add(series, minute + CLEARED)
    }
    if (previous && previous.providerId !== record.providerId) {
      const series = this.#seriesOf(previous.providerId)
      if (series) this.#add(series, slot)
    }
  }

  /** Ends the minutes that are over. Cheap while none is. */
  advance(): void {
    const now = this.#deps.now()
    // A clock that was set back says nothing of what was seen.
    if (now <= this.#at) return
    const [first, last] = [minuteOf(this.#at), minuteOf(now)]
    if (last > first) this.#endMinute(first)
    // After a day away every slot is cleared once, and not once for each day.
    for (let minute = Math.max(first, last - MINUTES); minute <= last; minute += 1) {
      if (minute > first) this.#clear(minute)
      if (!this.#isFollowed) continue
      const from = Math.max(this.#at, minute * MINUTE_MS)
      const seen = Math.min(now, (minute + 1) * MINUTE_MS) - from
      this.#seenMs[slotOf(minute)] = (this.#seenMs[slotOf(minute)] ?? 0) + Math.max(0, seen)
    }
    this.#at = now
    // A pause of more than a minute, as of a machine that slept, has the total of its end for each of its minutes.
    for (let minute = Math.max(first + 1, last - MINUTES + 1); minute < last; minute += 1)
      this.#endMinute(minute)
  }

  buckets({ since, until, bucketMs, providerId }: HistoryRequest): {
    readonly knownSince: Date
    readonly buckets: readonly HistoryBucket[]
  } {
    this.advance()
    const oldest = (minuteOf(this.#at) - MINUTES + 1) * MINUTE_MS
    const series = providerId === undefined ? this.#whole : this.#found(providerId)
    const totals = this.#deps.totals()
    const total = providerId === undefined ? totals.all : (totals.byProvider.get(providerId) ?? 0)
    const buckets: HistoryBucket[] = []
    for (let start = Math.floor(since / bucketMs) * bucketMs; start < until; start += bucketMs) {
      buckets.push(this.#bucket(start, bucketMs, series, total))
    }
    return { knownSince: new Date(Math.max(this.#since, oldest)), buckets }
  }

  /** @param series null: nobody knows this provider's own figures; undefined: it had no change */
  #bucket(start: number, bucketMs: number, series: Series | null | undefined, total: number): HistoryBucket {
    const sums = new Array<number>(SLOTS).fill(0)
    const now = minuteOf(this.#at)
    const end = minuteOf(start + bucketMs)
    let seen = 0
    for (
      let minute = Math.max(minuteOf(start), now - MINUTES + 1, series?.from ?? 0);
      minute < end && minute <= now;
      minute += 1
    ) {
      seen += this.#seenMs[slotOf(minute)] ?? 0
      for (const [kind, sum] of sums.entries()) {
        sums[kind] = sum + (series?.counts[slotOf(minute) * SLOTS + kind] ?? 0)
      }
    }
    const at = { start: new Date(start), seconds: bucketMs / 1_000 }
    if (seen === 0 || series === null) return { ...at, complete: false, total: null, figures: null }
    const [created = 0, refreshed = 0, switched = 0, removed = 0, expired = 0, cleared = 0] = sums
    return {
      ...at,
      complete: seen === bucketMs,
      total: end > now ? (this.#isFollowed ? total : null) : this.#totalAt(end - 1, series),
      figures: { created, refreshed, switched, removed, expired, cleared },
    }
  }

  /** Null unless changes were seen to the minute's end. */
  #totalAt(minute: number, series: Series | undefined): number | null {
    const known = this.#whole.totals[slotOf(minute)] ?? -1
    if (known < 0 || (series && minute < series.from)) return null
    return series ? Math.max(0, series.totals[slotOf(minute)] ?? 0) : 0
  }

  #endMinute(minute: number): void {
    if (!this.#isFollowed) return
    const { all, byProvider } = this.#deps.totals()
    this.#whole.totals[slotOf(minute)] = all
    for (const [providerId, total] of byProvider) {
      const series = this.#seriesOf(providerId)
      if (series) series.totals[slotOf(minute)] = total
    }
    if (this.#isCrowded) this.#preferLargest(byProvider, minute + 1)
  }

  /** Gives the series of the smallest providers to larger ones that have none. @param from the first minute that these know */
  #preferLargest(totals: ReadonlyMap<string, number>, from: number): void {
    const totalOf = (providerId: string) => totals.get(providerId) ?? 0
    const largest = [...totals.keys()]
      .filter((providerId) => !this.#providers.has(providerId))
      .sort((a, b) => totalOf(b) - totalOf(a))
    const smallest = [...this.#providers.keys()].sort((a, b) => totalOf(a) - totalOf(b))
    for (const [place, larger] of largest.entries()) {
      const smaller = smallest[place]
      if (smaller === undefined || totalOf(larger) <= totalOf(smaller) * CLEARLY_LARGER) return
      this.#providers.delete(smaller)
      this.#providers.set(larger, createSeries(from))
    }
  }

  #clear(minute: number): void {
    const slot = slotOf(minute)
    this.#seenMs[slot] = 0
    for (const series of [this.#whole, ...this.#providers.values()]) {
      series.counts.fill(0, slot * SLOTS, (slot + 1) * SLOTS)
      series.totals[slot] = series === this.#whole ? -1 : 0
    }
  }

  #add({ counts }: Series, slot: number): void {
    counts[slot] = (counts[slot] ?? 0) + 1
  }

  #found(providerId: string): Series | null | undefined {
    return this.#providers.get(providerId) ?? (this.#isCrowded ? null : undefined)
  }

  /** Returns a provider's series; undefined if all series are those of larger ones. */
  #seriesOf(providerId: string): Series | undefined {
    const known = this.#providers.get(providerId)
    if (known) return known
    if (this.#providers.size >= (this.#deps.maxProviders ?? MAX_PROVIDERS)) {
      this.#isCrowded = true
      return undefined
    }
    const series = createSeries()
    this.#providers.set(providerId, series)
    return series
  }
}

const minuteOf = (time: number): number => Math.floor(time / MINUTE_MS)
const slotOf = (minute: number): number => minute % MINUTES
