/**
 * Measures the service in a crowd: very wide reads in a container's memory, more clients than it can serve, and health probes
 * beside them. `tsx bench/crowd.ts [wide|pages]`, default both.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { again, type Crowd, createCrowd, type Reply, tally } from './lib/crowd.js'
import { printTable, quantile } from './lib/measure.js'
import { startProbes } from './lib/probes.js'
import { type ServiceOptions, type SoakService, startSoakService } from './lib/soak-service.js'
import { makeWorld } from './lib/world.js'

const [part = 'all', ...sizes] = process.argv.slice(2)

const NO_LIMITS = { MAX_CONNECTIONS: '0', MAX_CONNECTIONS_PER_ADDRESS: '0' }
const LIGHT = '{ affinities(first: 1) { totalCount nodes { id } } }'
const SEARCH = '{ affinities(first: 10, search: "e") { totalCount } }'
const STALE = '{ affinities(first: 10, filter: { stale: true }) { totalCount } }'
const FULL_PAGE = `{ affinities(first: 1000) { nodes {
  id apiFormat modelName requestCount expiresAt
  apiKey { name } user { username email } provider { displayName } endpoint { baseUrl } providerKey { name }
} } }`

const PROBES = [
  { path: '/health/ready', pauseMs: 20 },
  { path: '/health/live', pauseMs: 20 },
  { path: '/metrics', pauseMs: 100 },
]
const whom = ({ url, tokens }: SoakService) => ({ url, token: tokens[1] ?? '' })

const times = (replies: readonly Reply[]): [number, number, number] => {
  const all = replies.map(({ ms }) => ms)
  return [quantile(all, 0.5), quantile(all, 0.99), Math.max(...all)]
}

async function withService(
  records: number,
  apiKeys: number,
  options: ServiceOptions,
  run: (service: SoakService, crowd: Crowd) => Promise<void>,
): Promise<void> {
  const [postgres, server] = await Promise.all([
    startPostgres({ settings: { shared_buffers: '128MB' } }),
    startRedis(),
  ])
  const redis = server.client()
  try {
    const databaseUrl = postgres.createDatabase('bench')
    await makeWorld(databaseUrl, redis, records, { apiKeys })
    const service = await startSoakService({ databaseUrl, redisUrl: server.url }, 50, options)
    const crowd = createCrowd(service.url, service.tokens[0] ?? '')
    try {
      await run(service, crowd)
    } finally {
      crowd.close()
      await service.stop()
    }
  } finally {
    redis.disconnect()
    await Promise.all([postgres.stop(), server.stop()])
  }
}

/** So many searches and stale filters at once, beside a light query and a probe every 50 ms. */
async function benchWide(records: number, apiKeys: number, counts: readonly number[]): Promise<void> {
  await withService(records, apiKeys, { heapMiB: 512, environment: NO_LIMITS }, async (service, crowd) => {
    const rows: (string | number)[][] = [['before', '', '', '', '', service.peakMiB() ?? 'ended']]
    for (const count of counts) {
      for (let n = 0; n < 20; n += 1) await crowd.ask(LIGHT)
      const stop = new AbortController()
      const light = again(() => crowd.ask(LIGHT), 50, stop.signal)
      const probing = await startProbes({ ...whom(service), path: '/health/ready', pauseMs: 50 })
      const startedAt = performance.now()
      const wide = await Promise.all(
        Array.from({ length: count }, () => [crowd.ask(SEARCH), crowd.ask(STALE)]).flat(),
      )
      const seconds = (performance.now() - startedAt) / 1_000
      stop.abort()
      const [, , lightMax] = times(await light)
      const probes = await probing.stop()
      const [, , probeMax] = times(probes)
      const memory = service.peakMiB()
      rows.push([`${count} + ${count}`, tally(wide), seconds, lightMax, probeMax, memory ?? 'ended'])
      rows.push(['', `light: ${tally(await light)}; probes: ${tally(probes)}`, '', '', '', ''])
      if (memory === undefined) {
        console.log(service.output.slice(-600))
        break
      }
    }
    printTable(
      `Searches and stale filters at once: ${records} affinities, ${apiKeys} API keys, a heap of 512 MiB`,
      ['asked', 'told', 'seconds', 'light max ms', 'probe max ms', 'peak MiB'],
      rows,
    )
  })
}

/** More clients than it can serve: each asks for full pages, one after the other. */
async function benchPages(records: number, counts: readonly number[]): Promise<void> {
  await withService(records, Math.ceil(records / 10), { environment: NO_LIMITS }, async (service, crowd) => {
    const rows: (string | number)[][] = []
    for (const count of counts) {
      for (let n = 0; n < 5; n += 1) await crowd.ask(FULL_PAGE)
      const stop = new AbortController()
      const probing = await Promise.all(PROBES.map((probe) => startProbes({ ...whom(service), ...probe })))
      const clients = Array.from({ length: count }, () => again(() => crowd.ask(FULL_PAGE), 0, stop.signal))
      await sleep(10_000)
      stop.abort()
      const told = await Promise.all(probing.map((probes) => probes.stop()))
      const pages = (await Promise.all(clients)).flat()
      const served = pages.filter(({ outcome }) => outcome === 'OK')
      const [p50, p99] = served.length > 0 ? times(served) : [0, 0]
      rows.push([
        ...[count, tally(pages), p50, p99],
        ...told.map((replies) =>
          times(replies)
            .map((ms) => ms.toFixed(0))
            .join(' / '),
        ),
        tally(told.flat()),
        service.peakMiB() ?? 'ended',
      ])
    }
    printTable(
      `Clients that ask for pages of 1,000 without a pause: ${records} affinities`,
      [
        'clients',
        'told in 10 s',
        'page p50 ms',
        'p99',
        'ready p50 / p99 / max',
        'live',
        'metrics',
        'told',
        'peak MiB',
      ],
      rows,
    )
  })
}

const numbers = sizes.map(Number)
if (part === 'all' || part === 'wide') {
  const [records = 500_000, apiKeys = 100_000, ...counts] = numbers
  await benchWide(records, apiKeys, counts.length > 0 ? counts : [1, 10, 50])
}
if (part === 'all' || part === 'pages') {
  const [records = 20_000, ...counts] = part === 'pages' ? numbers : []
  await benchPages(records, counts.length > 0 ? counts : [20, 200, 1_000])
}
