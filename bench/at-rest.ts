/**
 * Measures what following Redis costs it at rest, in bytes and in milliseconds of its commands a minute, and what a comparison
 * of everything takes of the memory: the tables of docs/costs.md. `npx tsx --expose-gc bench/at-rest.ts 100000 3` measures 100,000
 * records and three instances. The memory needs `--expose-gc` and one instance; `1000000 1 memory` measures nothing else.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { FAMILIES } from '../src/affinities/families/index.js'
import { createBrokenRecords } from '../src/affinities/feed/broken-records.js'
import { createIndexedSource } from '../src/affinities/feed/indexed-source.js'
import { createScanSource } from '../src/affinities/feed/scan-source.js'
import { createRedisAffinityStore } from '../src/affinities/redis-affinity-store.js'
import { connectRedis, createRedis } from '../src/redis/client.js'
import { createTrackingFeed } from '../src/redis/tracking-feed.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { printTable } from './lib/measure.js'

const [records = 100_000, instances = 1] = process.argv.slice(2, 4).map(Number)
/** Whether the memory is all that is measured. */
const isMemoryOnly = process.argv[4] === 'memory'
/** Minutes of a pass over all records, which are measured in a tenth of that time; very many records take their time. */
const MINUTES = 5
const FASTER = records > 500_000 ? 2 : 10
const MIB = 2 ** 20
/** Milliseconds between two looks at the memory, as a multiple of the time that a look takes. */
const LOOK_REST = 4

async function fill(redis: Redis): Promise<void> {
  const ids = Array.from({ length: 60 }, () => randomUUID())
  let pipeline = redis.pipeline()
  for (let n = 0; n < records; n += 1) {
    const [format, model] = [['CLAUDE', 'OPENAI', 'CLAUDE_CLI'][n % 3] ?? '', ids[n % 40] ?? '']
    const value = {
      provider_id: ids[40 + (n % 5)],
      endpoint_id: ids[45 + (n % 5)],
      key_id: ids[50 + (n % 10)],
      api_format: format,
      model_name: model,
      created_at: Date.now() / 1_000 - n / 1_000,
      expire_at: Date.now() / 1_000 + 86_400,
      request_count: n % 100,
    }
    pipeline.set(`cache_affinity:${randomUUID()}:${format}:${model}`, JSON.stringify(value), 'EX', 86_400)
    if (n % 5_000 === 4_999) {
      await pipeline.exec()
      pipeline = redis.pipeline()
    }
  }
  await pipeline.exec()
}

async function figures(redis: Redis) {
  const stats = await redis.info('stats')
  const bytes = (name: string) => Number(new RegExp(`total_net_${name}_bytes:(\\d+)`).exec(stats)?.[1])
  const commands = (await redis.info('commandstats')).matchAll(/^cmdstat_(\w+)[^:]*:calls=\d+,usec=(\d+)/gm)
  let usec = 0
  let inScripts = 0
  for (const [, name = '', us] of commands) {
    // What a script calls is in its own time as well.
    if (name === 'get' || name === 'pexpiretime') inScripts += Number(us)
    else if (name !== 'info') usec += Number(us)
  }
  // Unlike the commands' times, these do not grow when other processes take the core in between.
  const cpu = await redis.info('cpu')
  const seconds = (name: string) => Number(new RegExp(`used_cpu_${name}:([\\d.]+)`).exec(cpu)?.[1])
  const cpuMs = (seconds('user') + seconds('sys')) * 1_000
  return { sent: bytes('output'), received: bytes('input'), usec, inScripts, cpuMs }
}

async function follow(url: string) {
  const client = createRedis({ kind: 'single', url }, { onError: () => {} })
  await connectRedis(client, 10_000)
  const store = createRedisAffinityStore(client, FAMILIES)
  const brokenRecords = createBrokenRecords(() => {})
  const log = { info() {}, warn: console.error, error: console.error }
  const source = createIndexedSource({
    store,
    feed: createTrackingFeed(client, FAMILIES.roots),
    brokenRecords,
    scanSource: createScanSource(store, brokenRecords),
    now: Date.now,
    log,
    reconcileMs: (MINUTES * 60_000) / FASTER,
    patienceMs: 600_000,
  })
  await source.ready()
  return { source, client }
}

/** Returns the bytes in use after a garbage collection; undefined without `--expose-gc`. */
function liveBytes(): number | undefined {
  if (globalThis.gc === undefined) return undefined
  for (let round = 0; round < 3; round += 1) globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Returns the most bytes in use, each time after a garbage collection, while the work runs. */
async function mostLiveBytes(work: Promise<unknown>): Promise<number> {
  let isOver = false
  const over = work.finally(() => {
    isOver = true
  })
  let most = 0
  while (!isOver) {
    const lookedAt = performance.now()
    most = Math.max(most, liveBytes() ?? 0)
    await sleep((performance.now() - lookedAt) * LOOK_REST)
  }
  await over
  return most
}

const server = await startRedis()
const redis = server.client()

/** Measures a pass over all records, and the part of a walk over all keys that comes with it. */
async function measureRest(): Promise<void> {
  await redis.config('RESETSTAT')
  const { cpuMs: cpuBefore } = await figures(redis)
  await sleep((MINUTES * 60_000) / FASTER)
  const { sent, received, usec, inScripts, cpuMs } = await figures(redis)
  const perMinute = (value: number) => (value / MINUTES).toFixed(2)
  printTable(
    'What following costs Redis at rest, a minute',
    [
      'records',
      'instances',
      'MB sent',
      'MB received',
      'ms of commands',
      'of these in calls of scripts',
      'ms of CPU in all',
    ],
    [
      [
        String(records),
        String(instances),
        perMinute(sent / 1e6),
        perMinute(received / 1e6),
        perMinute(usec / 1e3),
        perMinute(inScripts / 1e3),
        perMinute(cpuMs - cpuBefore),
      ],
    ],
  )
}

await fill(redis)
const liveBefore = liveBytes()
const following = []
for (let n = 0; n < instances; n += 1) following.push(await follow(server.url))
if (!isMemoryOnly) await measureRest()
const [first] = following
if (first && instances === 1 && liveBefore !== undefined) {
  const indexBytes = (liveBytes() ?? 0) - liveBefore
  const mostBytes = (await mostLiveBytes(first.source.reconcile())) - liveBefore
  printTable(
    'Memory while everything is compared',
    ['records', 'index MiB', 'most MiB', 'times the index'],
    [[String(records), indexBytes / MIB, mostBytes / MIB, mostBytes / indexBytes]],
  )
}
for (const { source, client } of following) {
  source.close()
  client.disconnect()
}
await server.stop()
