import { expect, onTestFinished, vi } from 'vitest'
import type { AffinityEvent } from '../../../src/affinities/affinity-events.js'
import type { AffinityRecord, BrokenAffinity } from '../../../src/affinities/affinity-record.js'
import type { AffinityStore } from '../../../src/affinities/affinity-store.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { createBrokenRecords } from '../../../src/affinities/feed/broken-records.js'
import { createIndexedSource, type IndexedSource } from '../../../src/affinities/feed/indexed-source.js'
import { createScanSource } from '../../../src/affinities/feed/scan-source.js'
import { createRedisAffinityStore } from '../../../src/affinities/redis-affinity-store.js'
import { connectRedis, createRedis, type RedisClient, type RedisConfig } from '../../../src/redis/client.js'
import type { KeyFeed } from '../../../src/redis/key-feed.js'
import { createTrackingFeed } from '../../../src/redis/tracking-feed.js'

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly details: unknown
  readonly message: string
}

export interface Live {
  readonly source: IndexedSource
  /** Without the index: what the cache itself holds. */
  readonly store: AffinityStore
  readonly client: RedisClient
  readonly events: readonly AffinityEvent[]
  readonly logs: readonly LogLine[]
  /** Each broken key as it was logged. */
  readonly broken: readonly BrokenAffinity[]
}

export interface LiveOptions {
  readonly now?: () => number
  readonly patienceMs?: number
  readonly onSeen?: (record: AffinityRecord) => void
  readonly reconcileMs?: number
  readonly clock?: () => number
  readonly pause?: (ms: number) => Promise<void>
  /** Whether what the cache tells just now is lost on its way. */
  readonly isDeaf?: () => boolean
}

/** A clock that the test moves, and on which the rounds of comparisons wait. */
export function handClock() {
  let now = 0
  let waiting: { readonly at: number; readonly wake: () => void } | undefined
  let paused = () => {}
  return {
    clock: () => now,
    pause: (ms: number) =>
      new Promise<void>((resolve) => {
        waiting = { at: now + ms, wake: resolve }
        paused()
      }),
    /** Moves the clock on, and waits for each round that comes due meanwhile. */
    async advance(ms: number): Promise<void> {
      const end = now + ms
      while (waiting && waiting.at <= end) {
        const { at, wake } = waiting
        now = at
        waiting = undefined
        const ended = new Promise<void>((resolve) => {
          paused = resolve
        })
        wake()
        await ended
      }
      now = end
    },
  }
}

const deafened = (feed: KeyFeed, isDeaf: () => boolean): KeyFeed => ({
  ...feed,
  start: (listener) =>
    feed.start({ ...listener, changed: (keys) => (isDeaf() ? undefined : listener.changed(keys)) }),
})

export function logTo(logs: LogLine[]) {
  const at = (level: LogLine['level']) => (details: unknown, message?: string) => {
    logs.push({ level, details, message: message ?? '' })
  }
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

/** A source that follows a real Redis; it ends with the test. Its first read may be under way still. */
export async function follow(config: RedisConfig, options: LiveOptions = {}): Promise<Live> {
  const client = createRedis(config, { onError: () => {} })
  await connectRedis(client, 10_000)
  const store = createRedisAffinityStore(client, FAMILIES)
  const logs: LogLine[] = []
  const broken: BrokenAffinity[] = []
  const brokenRecords = createBrokenRecords((entry) => broken.push(entry))
  const now = options.now ?? Date.now
  const source = createIndexedSource({
    store,
    feed: deafened(createTrackingFeed(client, FAMILIES.roots), options.isDeaf ?? (() => false)),
    brokenRecords,
    scanSource: createScanSource(store, brokenRecords, now),
    log: logTo(logs),
    ...options,
    now,
  })
  const events: AffinityEvent[] = []
  source.events((event) => events.push(event))
  onTestFinished(() => {
    source.close()
    client.disconnect()
  })
  return { source, store, client, events, logs, broken }
}

/** The same, when it is live. */
export async function followLive(config: RedisConfig, options: LiveOptions = {}): Promise<Live> {
  const live = await follow(config, options)
  await untilState(live, 'live')
  return live
}

export const untilState = (live: Live, state: IndexedSource['state'], timeout = 20_000): Promise<void> =>
  vi.waitFor(() => expect(live.source.state).toBe(state), { timeout, interval: 5 })

export interface Everything {
  readonly records: readonly AffinityRecord[]
  readonly broken: number
}

const sorted = (records: readonly AffinityRecord[]) => [...records].sort((a, b) => (a.key < b.key ? -1 : 1))

export const indexed = async ({ source }: Live): Promise<Everything> => ({
  records: sorted(await source.reader().matching({})),
  broken: source.brokenCount,
})

/** What SCAN and MGET find now. */
export async function scanned({ store }: Live): Promise<Everything> {
  const records: AffinityRecord[] = []
  let broken = 0
  for await (const batch of store.readAll()) {
    records.push(...batch.records)
    broken += batch.broken.length
  }
  return { records: sorted(records), broken }
}

/** The index holds what the cache holds, when all that was written has arrived. */
export async function expectSame(live: Live): Promise<void> {
  const truth = await scanned(live)
  await live.source.settled()
  expect(await indexed(live)).toEqual(truth)
}

export const keyOf = (n: number | string): string => `cache_affinity:a-${n}:OPENAI:gpt-5`

/** A value as a gateway stores it; times in Unix seconds. */
export const stored = (fields: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    provider_id: 'p-1',
    endpoint_id: 'e-1',
    key_id: 'k-1',
    api_format: 'OPENAI',
    model_name: 'gpt-5',
    created_at: Date.now() / 1_000,
    expire_at: Date.now() / 1_000 + 300,
    request_count: 1,
    ...fields,
  })
