/**
 * Measures `affinityCounts` beside a page: by each dimension that the index holds, by what the database decides, and under
 * filters. `tsx bench/counts.ts [records]`, default 100,000.
 */
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { startAskedApp } from './lib/asked-app.js'
import { median, printTable } from './lib/measure.js'
import { whenRead } from './lib/when-read.js'
import { makeWorld } from './lib/world.js'

const BY_INDEX = [
  'PROVIDER',
  'PROVIDER_KEY',
  'ENDPOINT',
  'MODEL',
  'API_FORMAT',
  'CLIENT_FAMILY',
  'API_KEY',
  'FAMILY',
]
const BY_DATABASE = ['USER', 'STALE_REASON', 'USABILITY']
/** Runs of each question, in turns. */
const ROUNDS = 15
/** Milliseconds after which nothing of a count is kept any more. */
const FORGOTTEN = 5_500
/** A count costs at most so many pages; another one at most so many milliseconds once its rows have been read. */
const LIMITS = { pages: 3, warmMs: 100 } as const

const page =
  '{ affinities(first: 100) { totalCount nodes { id affinityKey providerId modelId user { username } provider { displayName } providerKey { name } model { name } } } }'
const counts = (by: string, filter = '') =>
  `{ affinityCounts(by: ${by}${filter}) { total groupCount others ungrouped groups { key count label } } }`

const count = Number(process.argv[2] ?? 100_000)
const [postgres, server] = await Promise.all([
  startPostgres({ settings: { shared_buffers: '128MB' } }),
  startRedis(),
])
try {
  const databaseUrl = postgres.createDatabase('bench')
  const world = await makeWorld(databaseUrl, server.client(), count, { providerKeys: 500 })
  const { app, ask, timed } = await startAskedApp({ DATABASE_URL: databaseUrl, REDIS_URL: server.url })
  const { data } = await whenRead(() => ask(page))
  if (data.affinities.totalCount !== count) throw new Error('not every record was read')

  const ofProvider = `, filter: { providerId: "${world.providerIds[0]}" }`
  const ofMany = ', filter: { requestCountMin: 100, apiFormats: ["CLAUDE", "OPENAI"] }'
  const questions: Readonly<Record<string, string>> = {
    'a page of 100, with joins': page,
    ...Object.fromEntries(BY_INDEX.map((by) => [`by ${by}`, counts(by)])),
    ...Object.fromEntries(BY_DATABASE.map((by) => [`by ${by}`, counts(by)])),
    'by USER, of a provider': counts('USER', ofProvider),
    'by API_KEY, of a provider': counts('API_KEY', ofProvider),
    'by STALE_REASON, of a provider': counts('STALE_REASON', ofProvider),
    'by PROVIDER, of two figures': counts('PROVIDER', ofMany),
    'by USER, of stale ones': counts('USER', ', filter: { stale: true }'),
    'by PROVIDER, unused for a minute': counts('PROVIDER', ', filter: { unusedForSeconds: 60 }'),
  }
  const names = Object.keys(questions)
  const first = new Map<string, number>()
  const times = new Map<string, number[]>(names.map((name) => [name, []]))
  for (const [name, query] of Object.entries(questions)) {
    await sleep(FORGOTTEN)
    first.set(name, await timed(query))
    for (let round = 0; round < ROUNDS; round += 1) times.get(name)?.push(await timed(query))
  }
  const ofPage = median(times.get('a page of 100, with joins') ?? [])
  printTable(
    `${count.toLocaleString('en')} affinities, load ${loadavg()[0]?.toFixed(1)}, in milliseconds (by what the index holds at most ${LIMITS.pages} pages, the others ${LIMITS.warmMs} ms)`,
    ['', 'first', 'p50', 'most', 'x page'],
    names.map((name) => {
      const each = times.get(name) ?? []
      return [name, first.get(name) ?? 0, median(each), Math.max(...each), median(each) / ofPage]
    }),
  )
  await app.close()
} finally {
  await Promise.all([postgres.stop(), server.stop()])
}
