/** Measures filters by verdict: the first, which reads every row that decides, and the next ones, beside a page without a filter. */
import { loadavg } from 'node:os'
import pino from 'pino'
import { createApp } from '../src/app.js'
import { ADMIN_TOKEN, testConfig } from '../tests/support/app.js'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { median, printTable } from './lib/measure.js'
import { whenRead } from './lib/when-read.js'
import { makeWorld } from './lib/world.js'

const PROVIDER_KEYS = 500
const ROUNDS = 3
/** Milliseconds after which no judge is kept any more. */
const FORGOTTEN = 5_000

const page = (filter: string): string =>
  JSON.stringify({ query: `{ affinities(first: 100${filter}) { totalCount nodes { id } } }` })
const PLAIN = page('')
const STALE = page(', filter: { stale: true }')

const count = Number(process.argv[2] ?? 100_000)
const [postgres, server] = await Promise.all([
  startPostgres({ settings: { shared_buffers: '128MB' } }),
  startRedis(),
])
try {
  const databaseUrl = postgres.createDatabase('bench')
  await makeWorld(databaseUrl, server.client(), count, { providerKeys: PROVIDER_KEYS })
  postgres.psql(databaseUrl, 'UPDATE provider_api_keys SET is_active = random() < 0.7; ANALYZE')
  const app = await createApp(testConfig({ DATABASE_URL: databaseUrl, REDIS_URL: server.url }), {
    logger: pino({ level: 'silent' }),
  })
  const ask = async (body: string) => {
    const response = await app.yoga.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
      body,
    })
    return JSON.parse(await response.text())
  }
  const timed = async (body: string): Promise<number> => {
    const started = performance.now()
    const { errors } = await ask(body)
    if (errors) throw new Error(JSON.stringify(errors))
    return performance.now() - started
  }
  const { data } = await whenRead(() => ask(PLAIN))
  if (data.affinities.totalCount !== count) throw new Error('not every record was read')
  const first: number[] = []
  const next: number[] = []
  const plain: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, FORGOTTEN))
    first.push(await timed(STALE))
    for (let n = 0; n < 20; n += 1) {
      next.push(await timed(STALE))
      plain.push(await timed(PLAIN))
    }
  }
  printTable(
    `${count.toLocaleString('en')} affinities, ${PROVIDER_KEYS} provider keys, load ${loadavg()[0]?.toFixed(1)}, in milliseconds`,
    ['', 'p50', 'least', 'most'],
    Object.entries({
      'first stale filter': first,
      'next stale filter': next,
      'page without a filter': plain,
    }).map(([name, times]) => [name, median(times), Math.min(...times), Math.max(...times)]),
  )
  await app.close()
} finally {
  await Promise.all([postgres.stop(), server.stop()])
}
