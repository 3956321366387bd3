/**
 * Measures sweeps over filters that move by time or by rows: 20 subscriptions with 20 different filters, while the cache
 * changes 200 times a second. `tsx bench/sweeps.ts [records]`, default 200,000.
 */
import { loadavg } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { startAskedApp } from './lib/asked-app.js'
import { printTable } from './lib/measure.js'
import { whenRead } from './lib/when-read.js'
import { makeWorld } from './lib/world.js'

const WATCHED_MS = 30_000
const LIMIT_MS = 50
const FILTERS = [
  ...Array.from({ length: 8 }, (_, n) => `unusedForSeconds: ${60 * (n + 1)}`),
  ...['USABLE', 'CONDITIONAL', 'STALE'].map((usability) => `usability: ${usability}`),
  ...['MODEL_NOT_AT_PROVIDER', 'PROVIDER_KEY_INACTIVE', 'CIRCUIT_OPEN'].map(
    (reason) => `staleReasons: [${reason}]`,
  ),
  ...Array.from(
    { length: 6 },
    (_, n) => `stale: ${n % 2 === 0}, unusedForSeconds: ${90 * (n + 1)}, requestCountMin: ${n}`,
  ),
]

const count = Number(process.argv[2] ?? 200_000)
const [postgres, server] = await Promise.all([
  startPostgres({ settings: { shared_buffers: '128MB' } }),
  startRedis(),
])
try {
  const databaseUrl = postgres.createDatabase('bench')
  await makeWorld(databaseUrl, server.client(), count, { providerKeys: 500 })
  postgres.psql(databaseUrl, 'UPDATE provider_api_keys SET is_active = random() < 0.7; ANALYZE')
  const { app, ask, send } = await startAskedApp({ DATABASE_URL: databaseUrl, REDIS_URL: server.url })
  await whenRead(() => ask('{ affinities(first: 1) { totalCount } }'))

  /** Watches the event loop for a while. */
  async function watch(name: string): Promise<readonly (string | number)[]> {
    const delay = monitorEventLoopDelay({ resolution: 5 })
    const cpu = process.cpuUsage()
    delay.enable()
    await sleep(WATCHED_MS)
    delay.disable()
    const { user, system } = process.cpuUsage(cpu)
    return [
      name,
      delay.percentile(50) / 1e6,
      delay.percentile(99) / 1e6,
      delay.max / 1e6,
      (100 * (user + system)) / 1e3 / WATCHED_MS,
    ]
  }

  const without = await watch('no subscription')
  const stop = new AbortController()
  let told = 0
  for (const filter of FILTERS) {
    const response = await send(
      JSON.stringify({
        query: `subscription { affinityEvents(filter: { ${filter} }) { type affinity { id } } }`,
      }),
      { accept: 'text/event-stream', signal: stop.signal },
    )
    void (async () => {
      for await (const chunk of response.body ?? [])
        told += Buffer.from(chunk).toString().split('event: next').length - 1
    })().catch((error: unknown) => {
      if (!stop.signal.aborted) throw error
    })
  }
  const rows = [without, await watch(`${FILTERS.length} subscriptions`)]
  stop.abort()
  printTable(
    `${count.toLocaleString('en')} affinities, load ${loadavg()[0]?.toFixed(1)}; ${told} events were told (the longest delay at most ${LIMIT_MS} ms more)`,
    ['', 'delay p50, ms', 'p99', 'most', '% of a core'],
    rows,
  )
  await app.close()
} finally {
  await Promise.all([postgres.stop(), server.stop()])
}
