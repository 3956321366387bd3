/**
 * Measures the index on a real Redis: the first read, the time until a change is seen, the event loop's delay, and a clear.
 * `tsx bench/live.ts [records]`, default 100,000.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import pino from 'pino'
import { isSelected } from '../src/affinities/affinity-selection.js'
import { createAffinityClearer } from '../src/affinities/clear/affinity-clearer.js'
import { createClearStop } from '../src/affinities/clear/clear-stop.js'
import {
  createRedisWriteBackRemover,
  createWriteBackGuard,
} from '../src/affinities/clear/write-back-guard.js'
import { FAMILIES } from '../src/affinities/families/index.js'
import { createBrokenRecords } from '../src/affinities/feed/broken-records.js'
import { createIndexedSource, type IndexedSource } from '../src/affinities/feed/indexed-source.js'
import { createScanSource } from '../src/affinities/feed/scan-source.js'
import { createRedisAffinityStore } from '../src/affinities/redis-affinity-store.js'
import { connectRedis, createRedis } from '../src/redis/client.js'
import { createTrackingFeed } from '../src/redis/tracking-feed.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { rawScan } from './lib/floors.js'
import { median, printTable, quantile } from './lib/measure.js'

const SELF = fileURLToPath(import.meta.url)
const GATEWAY = 'as-gateway'

const TTL = 7_200
const PROVIDERS = 20
const WRITES_PER_SECOND = 2_000
const SECONDS = 15
const ROUNDS = 5

const idOf = (kind: string, n: number) => `${kind}000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const keyOf = (n: number) => `cache_affinity:${idOf('a', Math.floor(n / 10))}:OPENAI:${idOf('d', n % 10)}`
/** Encodes a record that is written at `at` (Unix seconds). Its expiry shows when it was written. */
const storedAt = (n: number, at: number) =>
  JSON.stringify({
    provider_id: idOf('b', n % PROVIDERS),
    endpoint_id: idOf('c', n % (PROVIDERS * 2)),
    key_id: idOf('e', n % (PROVIDERS * 4)),
    api_format: 'OPENAI',
    model_name: idOf('d', n % 10),
    created_at: 1_700_000_000,
    expire_at: at + TTL,
    request_count: 1 + (n % 500),
  })
/** Returns Unix seconds with microseconds, by a clock that both processes share. */
const preciseNow = () => (performance.timeOrigin + performance.now()) / 1_000

async function fill(redis: Redis, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += 5_000) {
    const pipeline = redis.pipeline()
    for (let n = start; n < Math.min(start + 5_000, to); n++)
      pipeline.set(keyOf(n), storedAt(n, preciseNow()), 'EX', TTL)
    await pipeline.exec()
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await run()
  return performance.now() - startedAt
}

async function open(url: string) {
  const client = createRedis({ kind: 'single', url }, { onError: () => {} })
  await connectRedis(client, 5_000)
  const store = createRedisAffinityStore(client, FAMILIES)
  const brokenRecords = createBrokenRecords(() => {})
  const log = pino({ level: 'silent' })
  const guard = createWriteBackGuard({
    store,
    remover: createRedisWriteBackRemover(client, FAMILIES),
    windowSeconds: 5,
    isFollowed: () => true,
    now: Date.now,
    log,
  })
  const source = createIndexedSource({
    store,
    feed: createTrackingFeed(client, FAMILIES.roots),
    brokenRecords,
    scanSource: createScanSource(store, brokenRecords, Date.now),
    now: Date.now,
    log,
    onSeen: guard.seen,
    patienceMs: 600_000,
  })
  const clearer = createAffinityClearer({
    store: source.store,
    guard,
    stop: createClearStop(),
    countInvalidations: async () => {},
  })
  const close = () => {
    guard.close()
    source.close()
    client.disconnect()
  }
  return { source, clearer, close }
}

/** Runs a function, and returns the event loop's delay during the run, in milliseconds. */
async function watchingLoop(run: () => Promise<void>): Promise<{ p99: number; max: number }> {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  await run()
  histogram.disable()
  return { p99: histogram.percentile(99) / 1e6, max: histogram.max / 1e6 }
}

async function benchFirstRead(redis: Redis, url: string) {
  const raw: number[] = []
  const ours: number[] = []
  const delays: { p99: number; max: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    raw.push(await timed(() => rawScan(redis)))
    delays.push(
      await watchingLoop(async () => {
        let opened: Awaited<ReturnType<typeof open>> | undefined
        ours.push(
          await timed(async () => {
            opened = await open(url)
            await opened.source.ready()
          }),
        )
        opened?.close()
      }),
    )
    globalThis.gc?.()
  }
  return {
    raw: median(raw),
    ours: median(ours),
    delay: { p99: median(delays.map(({ p99 }) => p99)), max: Math.max(...delays.map(({ max }) => max)) },
  }
}

/** Measures the time from a write until it is seen: for every write by its event, for a marker record by a repeated query. */
async function benchStaleness(source: IndexedSource, redis: Redis, url: string, count: number) {
  const seen: number[] = []
  const byQuery: number[] = []
  const stop = source.events(({ type, record }) => {
    if (type === 'REFRESHED') seen.push((preciseNow() - (record.writtenExpiry - TTL)) * 1_000)
  })
  const delay = await watchingLoop(async () => {
    const gateway = spawn(process.execPath, ['--import', 'tsx', SELF, GATEWAY, url, String(count)], {
      stdio: 'inherit',
    })
    const done = once(gateway, 'exit')
    const until = performance.now() + SECONDS * 1_000
    const selection = { all: { affinityKey: new Set(['marker']) } }
    for (let n = 1; performance.now() < until - 500; n++) {
      await redis.set(
        'cache_affinity:marker:OPENAI:m',
        storedAt(n, preciseNow()).replace(/"request_count":\d+/, `"request_count":${n}`),
      )
      const wroteAt = performance.now()
      for (;;) {
        const { records } = await source
          .reader()
          .page({ selection, order: { field: 'EXPIRES_AT', direction: 'ASC' }, first: 1 })
        if (records[0]?.requestCount === n) break
        await sleep(1)
      }
      byQuery.push(performance.now() - wroteAt)
      await sleep(10)
    }
    await done
  })
  stop()
  await redis.del('cache_affinity:marker:OPENAI:m')
  await source.settled()
  return { seen, byQuery, delay }
}

async function benchClear(
  source: IndexedSource,
  clearer: Awaited<ReturnType<typeof open>>['clearer'],
  redis: Redis,
  count: number,
) {
  const raw: number[] = []
  const ours: number[] = []
  const keys = Array.from({ length: count }, (_, n) => n).filter((n) => n % PROVIDERS === 0)
  const refill = async () => {
    for (let start = 0; start < keys.length; start += 5_000) {
      const pipeline = redis.pipeline()
      for (const n of keys.slice(start, start + 5_000))
        pipeline.set(keyOf(n), storedAt(n, preciseNow()), 'EX', TTL)
      await pipeline.exec()
    }
    await source.settled()
    await sleep(200)
  }
  // The guard removes write-backs for 5 s after a clear, and the refill looks like one: each round waits longer.
  for (let round = 0; round < ROUNDS; round++) {
    raw.push(
      await timed(async () => {
        const pipeline = redis.pipeline()
        for (const n of keys) pipeline.unlink(keyOf(n))
        await pipeline.exec()
      }),
    )
    await sleep(6_000)
    await refill()
    let cleared = 0
    ours.push(
      await timed(async () => {
        const selection = { all: { providerId: new Set([idOf('b', 0)]) } }
        const records = await source.reader().matching(selection)
        cleared = (await clearer.clear(records, { isSelected: (record) => isSelected(record, selection) }))
          .removed
      }),
    )
    if (cleared !== keys.length || (await source.reader().count({})) !== count - keys.length)
      throw new Error(`cleared ${cleared} of ${keys.length}`)
    await sleep(6_000)
    await refill()
  }
  return { raw: median(raw), ours: median(ours) }
}

export async function benchLive(count: number): Promise<void> {
  const server = await startRedis()
  const redis = server.client({ protocol: 2 })
  try {
    await fill(redis, 0, count)
    const first = await benchFirstRead(redis, server.url)
    const { source, clearer, close } = await open(server.url)
    await source.ready()
    const stale = await benchStaleness(source, redis, server.url, count)
    const reconcile = await watchingLoop(async () => {
      await source.reconcile()
    })
    const reconcileMs = await timed(() => source.reconcile())
    const clear = await benchClear(source, clearer, redis, count)
    const drift = source.figures.drift
    close()
    printTable(
      `${count.toLocaleString('en')} affinities, live index, in milliseconds`,
      ['', 'floor', 'ours', 'x floor', 'loop p99', 'loop max'],
      [
        [
          'first read to ready / SCAN + MGET + JSON.parse',
          first.raw,
          first.ours,
          first.ours / first.raw,
          first.delay.p99,
          first.delay.max,
        ],
        [
          'clear a provider with 5 % / pipelined UNLINK',
          clear.raw,
          clear.ours,
          clear.ours / clear.raw,
          '',
          '',
        ],
        ['reconcile', '', reconcileMs, '', reconcile.p99, reconcile.max],
      ],
    )
    const perSecond = stale.seen.length / SECONDS
    printTable(
      `a change in Redis until it is seen, at ${perSecond.toFixed(0)} writes/s, in milliseconds (drift ${drift})`,
      ['', 'p50', 'p99', 'loop p99', 'loop max'],
      [
        [
          'every write, in the index',
          quantile(stale.seen, 0.5),
          quantile(stale.seen, 0.99),
          stale.delay.p99,
          stale.delay.max,
        ],
        [
          'a marker, by a repeated query',
          quantile(stale.byQuery, 0.5),
          quantile(stale.byQuery, 0.99),
          '',
          '',
        ],
      ],
    )
  } finally {
    await server.stop()
  }
}

/** Writes single records at a constant rate, as a gateway in a process of its own. */
async function writeAsGateway(url: string, count: number): Promise<void> {
  const redis = new Redis(url, { protocol: 2 })
  const startedAt = performance.now()
  for (let written = 0; performance.now() - startedAt < SECONDS * 1_000; ) {
    const due = ((performance.now() - startedAt) / 1_000) * WRITES_PER_SECOND
    for (; written < due; written++) {
      const n = (written * 7_919) % count
      void redis.set(keyOf(n), storedAt(n, preciseNow()), 'EX', TTL)
    }
    await sleep(1)
  }
  await redis.quit()
}

const [program, first] = process.argv.slice(1)
if (program === SELF && first === GATEWAY) {
  await writeAsGateway(process.argv[3] ?? '', Number(process.argv[4]))
} else if (program === SELF) await benchLive(Number(first ?? 100_000))
