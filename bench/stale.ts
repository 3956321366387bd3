/**
 * Measures filters by verdict: the first, which reads every row that decides, and the next ones, beside a page without a filter.
 * It tells of the first as well where the time goes, since other work on the machine makes it longer, and processor time less so.
 */
import { loadavg } from 'node:os'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { startAskedApp } from './lib/asked-app.js'
import { ownCpuMs, postgresCpuMs } from './lib/cpu.js'
import { median, printTable } from './lib/measure.js'
import { whenRead } from './lib/when-read.js'
import { makeWorld } from './lib/world.js'

const PROVIDER_KEYS = 500
const ROUNDS = 3
/** Milliseconds after which no judge is kept any more. */
const FORGOTTEN = 5_000

const page = (filter: string): string => `{ affinities(first: 100${filter}) { totalCount nodes { id } } }`
const PLAIN = page('')
const STALE = page(', filter: { stale: true }')

/**
 * What differs among the rows of a gateway in use: quotas and what is used of them, API keys that expire, expired ones, keys that
 * are off, and a model of each provider for each global model.
 */
const VARIETY = `
  UPDATE provider_api_keys SET is_active = random() < 0.9;
  UPDATE users SET quota_usd = 100, used_usd = random() * 105;
  UPDATE api_keys SET is_active = random() < 0.98,
    expires_at = CASE WHEN random() < 0.5 THEN now() + (random() - 0.02) * interval '90 days' END;
  INSERT INTO models (id, provider_id, global_model_id, provider_model_name, is_active, is_available, created_at, updated_at)
    SELECT gen_random_uuid(), p.id, g.id, g.name || '-at-' || p.name, true, true, now(), now()
    FROM providers p, global_models g WHERE g.name LIKE 'bench-%';
  VACUUM ANALYZE`

const count = Number(process.argv[2] ?? 100_000)
const [postgres, server] = await Promise.all([
  startPostgres({ settings: { shared_buffers: '128MB' } }),
  startRedis(),
])
try {
  const databaseUrl = postgres.createDatabase('bench')
  await makeWorld(databaseUrl, server.client(), count, { providerKeys: PROVIDER_KEYS })
  postgres.psql(databaseUrl, VARIETY)
  const postmaster = Number.parseInt(postgres.psql(postgres.url, `SELECT pg_read_file('postmaster.pid')`), 10)
  const { app, ask, timed } = await startAskedApp({ DATABASE_URL: databaseUrl, REDIS_URL: server.url })
  const { data } = await whenRead(() => ask(PLAIN))
  if (data.affinities.totalCount !== count) throw new Error('not every record was read')
  const first: number[] = []
  const statements: number[] = []
  const own: number[] = []
  const postgresOwn: number[] = []
  const next: number[] = []
  const plain: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, FORGOTTEN))
    const started = performance.now()
    const [ownBefore, postgresBefore] = [ownCpuMs(), postgresCpuMs(postmaster)]
    let answered = started
    const stop = app.database.onQuery(() => {
      answered = performance.now()
    })
    first.push(await timed(STALE))
    own.push(ownCpuMs() - ownBefore)
    postgresOwn.push(postgresCpuMs(postmaster) - postgresBefore)
    statements.push(answered - started)
    stop()
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
      '… until its last statement was answered': statements,
      '… processor time of this process': own,
      '… processor time of PostgreSQL': postgresOwn,
      'next stale filter': next,
      'page without a filter': plain,
    }).map(([name, times]) => [name, median(times), Math.min(...times), Math.max(...times)]),
  )
  await app.close()
} finally {
  await Promise.all([postgres.stop(), server.stop()])
}
