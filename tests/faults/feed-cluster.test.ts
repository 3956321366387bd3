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

const RECORDS = 3_000

async function clusterWith(options: { replicas: number; args?: readonly string[] }) {
  const servers = await startRedisCluster(options)
  onTestFinished(() => servers.stop())
  const gateway = new Cluster([...servers.nodes], { redisOptions: { protocol: 2 } })
  gateway.on('error', () => {})
  onTestFinished(() => gateway.disconnect())
  for (let start = 0; start < RECORDS; start += 500) {
    await Promise.all(Array.from({ length: 500 }, (_, n) => gateway.set(keyOf(start + n), stored())))
  }
  // A replica that has not read all of its master's keys yet would be a master without them.
  for (const master of gateway.nodes('master'))
    expect(await master.wait(options.replicas, 20_000)).toBe(options.replicas)
  return { servers, gateway, live: await followLive({ kind: 'cluster', nodes: servers.nodes }) }
}

/** Writes and deletes, some a millisecond; the way to stop. What the cluster refuses meanwhile is not of interest. */
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

/** The answers a reader gets all the while: counts, or null for CACHE_UNAVAILABLE. */
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

it('follows every master, and a flush of one loses no more than its own', async () => {
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

it('while slots move under load the index stays what a scan finds', async () => {
  const { servers, gateway, live } = await clusterWith({ replicas: 1 })
  const stop = load(gateway)
  const stopWatching = watchCounts(live)
  await servers.reshard(400, 0, 1)
  await sleep(200)
  await stop()
  await untilState(live, 'live')
  await sleep(200)
  await expectSame(live)
  // A key on its way is looked for in both places: none was taken for gone, three thousand never fell far.
  const counts = (await stopWatching()).filter((count) => count !== null)
  expect(counts.length).toBeGreaterThan(10)
  expect(Math.min(...counts)).toBeGreaterThan(1_000)
}, 90_000)

it('says that a master is down, never fewer records, and goes on with its replica', async () => {
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

it('says that a master is down for as long as nobody has its slots', async () => {
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
