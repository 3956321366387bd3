/**
 * Measures the memory of the service at its peaks: after the start, after everything was read again since the connection to
 * Redis was cut, and after wide reads. `tsx bench/heap.ts [heap in MiB] [sizes, such as 50000,500000]`
 */
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { createCrowd } from './lib/crowd.js'
import { printTable } from './lib/measure.js'
import { startSoakService } from './lib/soak-service.js'
import { makeWorld } from './lib/world.js'

const [heapMiB = 512, sizes = '50000,500000'] = [
  process.argv[2] === undefined ? undefined : Number(process.argv[2]),
  process.argv[3],
]
const MIB = 2 ** 20
const AFFINITIES_AN_API_KEY = 5
const LIGHT = '{ affinities(first: 1) { nodes { id } } }'
const WIDE = [
  '{ affinities(first: 10, search: "e") { totalCount } }',
  '{ affinities(first: 10, filter: { stale: true }) { totalCount } }',
]
const AT_ONCE = 50

interface Peaks {
  readonly count: number
  readonly reason: string
  readonly liveMiB: number
  readonly startMiB: number
  readonly againMiB: number
  readonly wideMiB: number
  /** The slowest of the light queries that were asked one after the other beside the wide reads. */
  readonly lightMs: number
}

async function measure(count: number): Promise<Peaks> {
  const [postgres, server] = await Promise.all([startPostgres(), startRedis()])
  const redis = server.client()
  try {
    const databaseUrl = postgres.createDatabase('bench')
    await makeWorld(databaseUrl, redis, count, { apiKeys: count / AFFINITIES_AN_API_KEY })
    const service = await startSoakService({ databaseUrl, redisUrl: server.url }, 1, { heapMiB })
    const crowd = createCrowd(service.url, service.tokens[0] ?? '')
    const peak = () => {
      const mib = service.peakMiB()
      if (mib === undefined) throw new Error(`The service ended: ${service.output}`)
      return mib
    }
    const health = async () => (await (await fetch(`${service.url}/health/ready`)).json()) as Health
    try {
      const startMiB = peak()
      const { liveBytes } = await service.sample()
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      while ((await health()).affinityIndex !== 'live') {
        if ((await health()).affinityIndex === 'scanning') break
      }
      const againMiB = peak()
      const wide = Promise.all(
        WIDE.flatMap((query) => Array.from({ length: AT_ONCE }, () => crowd.ask(query))),
      )
      const lightMs = await slowestUntil(wide, () => crowd.ask(LIGHT))
      const wideMiB = peak()
      const { affinityIndexReason: reason = 'none' } = await health()
      return { count, reason, liveMiB: liveBytes / MIB, startMiB, againMiB, wideMiB, lightMs }
    } finally {
      crowd.close()
      await service.stop()
    }
  } finally {
    redis.disconnect()
    await Promise.all([postgres.stop(), server.stop()])
  }
}

async function slowestUntil(end: Promise<unknown>, ask: () => Promise<unknown>): Promise<number> {
  let hasEnded = false
  const ended = end.finally(() => {
    hasEnded = true
  })
  let slowest = 0
  while (!hasEnded) {
    const start = performance.now()
    await ask()
    slowest = Math.max(slowest, performance.now() - start)
  }
  await ended
  return slowest
}

interface Health {
  readonly affinityIndex: string
  readonly affinityIndexReason?: string
}

const peaks: Peaks[] = []
for (const size of sizes.split(',')) peaks.push(await measure(Number(size)))
const [few, many] = [peaks[0], peaks.at(-1)]
const rows = peaks.map((at) => [
  at.count,
  at.reason,
  at.liveMiB,
  at.startMiB,
  at.againMiB,
  at.wideMiB,
  at.lightMs,
])
const each = (of: 'liveMiB' | 'startMiB' | 'againMiB' | 'wideMiB') =>
  few && many && many !== few ? ((many[of] - few[of]) * MIB) / (many.count - few.count) : Number.NaN
printTable(
  `Memory of the service with a heap of ${heapMiB} MiB`,
  [
    'affinities',
    'scans since',
    'live MiB',
    'peak MiB: start',
    'read again',
    'wide reads',
    'light beside, ms',
  ],
  [...rows, ['bytes each', '', each('liveMiB'), each('startMiB'), each('againMiB'), each('wideMiB'), '']],
)
