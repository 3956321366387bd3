/**
 * Measures what walks through everybody's keys cost: the latency that another client of Redis sees during a first read, beside
 * its latency at rest, and twenty questions at once about model mappings. `tsx bench/walks.ts [affinities] [other keys]`,
 * default 100,000 among 300,000. Where `taskset` can do it, Redis and its client have a core that the service does not use:
 * otherwise the client waits for a core, and not for Redis.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Redis } from 'ioredis'
import { loadRedisFixtures } from '../scripts/lib/fixtures.js'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { startAskedApp } from './lib/asked-app.js'
import { keepApart } from './lib/keep-apart.js'
import { printTable, quantile } from './lib/measure.js'
import { whenRead } from './lib/when-read.js'
import { makeWorld } from './lib/world.js'

const ANOTHER_CLIENT = fileURLToPath(new URL('./lib/another-client.mjs', import.meta.url))
const AT_REST_MS = 5_000
const AT_ONCE = 20

const MAPPINGS = `{ modelMappings(first: 50) { totalCount nodes { globalModelName } } providerModelMappings(first: 50) { totalCount nodes { globalModelName } } modelMappingStats { totalKeys } }`
const COUNT = '{ affinities(first: 1) { totalCount } }'

async function benchWalks(affinities: number, others: number): Promise<void> {
  const [postgres, server] = await Promise.all([
    startPostgres({ settings: { shared_buffers: '128MB' } }),
    startRedis({ args: ['--enable-debug-command', 'local'] }),
  ])
  const redis = server.client()
  try {
    const databaseUrl = postgres.createDatabase('bench')
    await makeWorld(databaseUrl, redis, affinities)
    await loadRedisFixtures(redis)
    await redis.call('DEBUG', 'POPULATE', String(others), 'other', '20')
    const scansBefore = await scans(redis)
    const client = fork(ANOTHER_CLIENT, [String(server.port)], { execArgv: [] })
    // The other client would wait for the service to leave it a core, which is no cost of Redis's: gateways run elsewhere.
    const areApart = keepApart([await processIdOf(redis), client.pid ?? 0])
    const latencies = async (): Promise<number[]> => {
      client.send('give')
      const [times] = await once(client, 'message')
      return times
    }
    await sleep(1_000)
    await latencies()
    await sleep(AT_REST_MS)
    const atRest = await latencies()

    const begun = performance.now()
    const { app, ask } = await startAskedApp({ DATABASE_URL: databaseUrl, REDIS_URL: server.url })
    await whenRead(() => ask(COUNT))
    const seconds = (performance.now() - begun) / 1_000
    const during = await latencies()

    await whenRead(() => ask(MAPPINGS))
    const scansOfReads = (await scans(redis)) - scansBefore
    const asked = performance.now()
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => ask(MAPPINGS)))
    const took = performance.now() - asked
    const scansOfQuestions = (await scans(redis)) - scansBefore - scansOfReads
    const answered = answers.filter(({ errors }) => !errors).length

    const row = (name: string, times: readonly number[]) => [
      name,
      times.length,
      quantile(times, 0.5),
      quantile(times, 0.95),
      quantile(times, 0.99),
      quantile(times, 0.99) / quantile(atRest, 0.99),
    ]
    printTable(
      `another client's read, in milliseconds: ${affinities.toLocaleString('en')} affinities among ${others.toLocaleString('en')} other keys, ${areApart ? 'on a core without the service' : 'on the cores of the service'}, load ${loadavg()[0]?.toFixed(1)}`,
      ['', 'reads', 'p50', 'p95', 'p99', 'x p99 at rest'],
      [row('at rest', atRest), row(`during the first read (${seconds.toFixed(1)} s)`, during)],
    )
    printTable(
      `${AT_ONCE} questions about model mappings at once`,
      ['answered', 'ms until all are', 'SCANs of these', 'SCANs of both first reads'],
      [[answered, took, scansOfQuestions, scansOfReads]],
    )
    await app.close()
    client.kill()
  } finally {
    await Promise.all([postgres.stop(), server.stop()])
  }
}

async function processIdOf(redis: Redis): Promise<number> {
  return Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1])
}

async function scans(redis: Redis): Promise<number> {
  return Number(/cmdstat_scan:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0)
}

const [affinities = 100_000, others = 300_000] = process.argv.slice(2).map(Number)
await benchWalks(affinities, others)
