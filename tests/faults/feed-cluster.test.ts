import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster } from 'ioredis'
import { expect, it, onTestFinished } from 'vitest'
import {
  expectSame,
  followLive,
  keyOf,
  type Live,
  stored,
  untilState,
} from '../affinities/feed/feed-support.js'
import { startRedisCluster } from '../support/servers/redis-cluster.js'
import { storeMany } from '../support/store-many.js'

const RECORDS = 3_000

async function clusterWith(options: { replicas: number; args?: readonly string[] }) {
  const servers = await startRedisCluster(options)
  onTestFinished(() => servers.stop())
  const gateway = new Cluster([...servers.nodes], { redisOptions: { protocol: 2 } })
  gateway.on('error', () => {})
  onTestFinished(() => gateway.disconnect())
  await gateway.ping()
  await storeMany(
    gateway,
    Array.from({ length: RECORDS }, (_, n) => [keyOf(n), stored()]),
  )
  // A replica that has not read all of its master's keys yet would be a master without them.
  for (const master of gateway.nodes('master'))
    expect(await master.wait(options.replicas, 20_000)).toBe(options.replicas)
  return { servers, gateway, live: await followLive({ kind: 'cluster', nodes: servers.nodes }) }
}

/** Writes and deletes some keys each millisecond; returns a function that stops it. Errors of the cluster are ignored. */
function load(gateway: Cluster): () => Promise<void> {
  let isRunning = true
  const writing = (async () => {
    for (let n = 0; isRunning; n += 1) {
      await Promise.allSettled([
        gateway.set(keyOf((n * 7) % RECORDS), stored({ request_count: n })),
        gateway.set(keyOf(`new-${n}`), stored()),
        gateway.del(keyOf((n * 13) % RECORDS)),
        gateway.set(keyOf(`brief-${n}`), stored({ expire_at: Date.now() / 1_000 + 0.05 }), 'PX', 50),
      ])
      await sleep(1)
    }
  })()
  return async () => {
    isRunning = false
    await writing
  }
}

/** Collects the answers of a reader: counts, or null for CACHE_UNAVAILABLE. */
function watchCounts(live: Live) {
  const counts: (number | null)[] = []
  let isRunning = true
  const watching = (async () => {
    while (isRunning) {
      counts.push(
        await live.source
          .reader()
          .count({})
          .catch((error: { code?: string }) => {
            expect(error.code).toBe('CACHE_UNAVAILABLE')
            return null
          }),
      )
      await sleep(10)
    }
  })()
  return async () => {
    isRunning = false
    await watching
    return counts
  }
}

it('the index follows every master, and a flush of one master removes only its keys', async () => {
  const { servers, gateway, live } = await clusterWith({ replicas: 0 })
  await expectSame(live)
  const stop = load(gateway)
  await sleep(500)
  await stop()
  await sleep(100)
  await expectSame(live)
  expect(await live.source.reconcile()).toBe(0)
  const before = await live.source.reader().count({})
  servers.servers[0]?.cli('flushall')
  await expectSame(live)
  const after = await live.source.reader().count({})
  expect(after).toBeGreaterThan(0)
  expect(after).toBeLessThan(before)
}, 60_000)

it('the index equals a scan while slots move under load', async () => {
  const { servers, gateway, live } = await clusterWith({ replicas: 1 })
  const stop = load(gateway)
  const stopWatching = watchCounts(live)
  await servers.reshard(400, 0, 1)
  await sleep(200)
  await stop()
  await untilState(live, 'live')
  await sleep(200)
  await expectSame(live)
  // A key of a moving slot is read from both masters, so that the count never fell far below three thousand.
  const counts = (await stopWatching()).filter((count) => count !== null)
  expect(counts.length).toBeGreaterThan(10)
  expect(Math.min(...counts)).toBeGreaterThan(1_000)
}, 90_000)

it('a reader gets CACHE_UNAVAILABLE while a master is down, never fewer records, until its replica takes over', async () => {
  const { servers, live } = await clusterWith({ replicas: 1 })
  const stopWatching = watchCounts(live)
  await live.source.settled()
  await sleep(50)
  const victim = servers.masterOf(keyOf(1))
  await victim.kill()
  await untilState(live, 'lost')
  await untilState(live, 'live', 30_000)
  await expectSame(live)
  const counts = await stopWatching()
  expect(new Set(counts)).toEqual(new Set([RECORDS, null]))
}, 90_000)

it('a reader gets CACHE_UNAVAILABLE for as long as no master has the slots', async () => {
  const { servers, live } = await clusterWith({
    replicas: 0,
    args: ['--cluster-require-full-coverage', 'no'],
  })
  const stopWatching = watchCounts(live)
  await live.source.settled()
  await sleep(50)
  const victim = servers.masterOf(keyOf(1))
  await victim.kill()
  await untilState(live, 'lost')
  await sleep(4_000)
  expect(live.source.state).toBe('lost')
  const counts = await stopWatching()
  expect(new Set(counts)).toEqual(new Set([RECORDS, null]))
}, 90_000)
