/**
 * Measures the memory of the service at its peaks: after the start, after everything was read again since the connection to
 * Redis was cut, and after wide reads. `tsx bench/heap.ts [heap in MiB] [sizes, such as 50000,200000]`
 */
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { createCrowd } from './lib/crowd.js'
import { printTable } from './lib/measure.js'
import { startSoakService } from './lib/soak-service.js'
import { makeWorld } from './lib/world.js'

const [heapMiB = 512, sizes = '50000,200000'] = [
  process.argv[2] === undefined ? undefined : Number(process.argv[2]),
  process.argv[3],
]
const MIB = 2 ** 20
/** A tenth of the API keys that so many affinities have: the rows are PostgreSQL's. */
const API_KEYS = 5_000
const WIDE = [
  '{ affinities(first: 10, search: "e") { totalCount } }',
  '{ affinities(first: 10, filter: { stale: true }) { totalCount } }',
]
const AT_ONCE = 10

interface Peaks {
  readonly count: number
  readonly reason: string
  readonly liveMiB: number
  readonly startMiB: number
  readonly againMiB: number
  readonly wideMiB: number
}

async function measure(count: number): Promise<Peaks> {
  const [postgres, server] = await Promise.all([startPostgres(), startRedis()])
  const redis = server.client()
  try {
    const databaseUrl = postgres.createDatabase('bench')
    await makeWorld(databaseUrl, redis, count, { apiKeys: API_KEYS })
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
      await Promise.all(WIDE.flatMap((query) => Array.from({ length: AT_ONCE }, () => crowd.ask(query))))
      const wideMiB = peak()
      const { affinityIndexReason: reason = 'none' } = await health()
      return { count, reason, liveMiB: liveBytes / MIB, startMiB, againMiB, wideMiB }
    } finally {
      crowd.close()
      await service.stop()
    }
  } finally {
    redis.disconnect()
    await Promise.all([postgres.stop(), server.stop()])
  }
}

interface Health {
  readonly affinityIndex: string
  readonly affinityIndexReason?: string
}

const peaks: Peaks[] = []
for (const size of sizes.split(',')) peaks.push(await measure(Number(size)))
const [few, many] = [peaks[0], peaks.at(-1)]
const rows = peaks.map((at) => [at.count, at.reason, at.liveMiB, at.startMiB, at.againMiB, at.wideMiB])
const each = (of: 'liveMiB' | 'startMiB' | 'againMiB' | 'wideMiB') =>
  few && many && many !== few ? ((many[of] - few[of]) * MIB) / (many.count - few.count) : Number.NaN
printTable(
  `Memory of the service with a heap of ${heapMiB} MiB`,
  ['affinities', 'scans since', 'live MiB', 'peak MiB: start', 'read again', 'wide reads'],
  [...rows, ['bytes each', '', each('liveMiB'), each('startMiB'), each('againMiB'), each('wideMiB')]],
)
