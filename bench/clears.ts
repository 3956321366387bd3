/** Measures clears of one provider key's affinities and of all, and the longest Redis command, which blocks other clients. */
import pino from 'pino'
import { ADMIN_TOKEN, testConfig } from '../tests/support/app.js'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { createApp } from './lib/built-app.js'
import { printTable } from './lib/measure.js'
import { whenRead } from './lib/when-read.js'
import { makeWorld } from './lib/world.js'

interface Answer {
  readonly data: Readonly<
    Record<
      string,
      { readonly clearedCount?: number; readonly nodes?: readonly { readonly providerKeyId: string }[] }
    >
  >
  readonly errors?: unknown
}

const COUNT = Number(process.argv[2] ?? 100_000)

const [postgres, server] = await Promise.all([startPostgres(), startRedis()])
const redis = server.client()
try {
  const databaseUrl = postgres.createDatabase('bench')
  await makeWorld(databaseUrl, redis, COUNT)
  const env = { DATABASE_URL: databaseUrl, REDIS_URL: server.url, CLEAR_GUARD_SECONDS: '0' }
  const app = await createApp(testConfig(env), { logger: pino({ level: 'silent' }) })
  const ask = async (query: string) => {
    const response = await app.yoga.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
      body: JSON.stringify({ query }),
    })
    return (await response.json()) as Answer
  }
  await redis.config('SET', 'slowlog-log-slower-than', '0', 'slowlog-max-len', '100000')
  const longest = async () => {
    const entries = (await redis.slowlog('GET', 100_000)) as [number, number, number, string[]][]
    const served = entries.filter(([, , , [command]]) => !/^(slowlog|config)$/i.test(command ?? ''))
    const slowest = served.sort((a, b) => b[2] - a[2])[0]
    await redis.slowlog('RESET')
    return slowest ? `${(slowest[2] / 1_000).toFixed(2)} (${slowest[3][0]})` : ''
  }
  const timed = async (name: string, mutation: string, field: string) => {
    await redis.slowlog('RESET')
    const startedAt = performance.now()
    const { data } = await ask(`mutation { ${mutation} { ... on ClearPayload { clearedCount } } }`)
    const ms = performance.now() - startedAt
    return [name, data[field]?.clearedCount?.toLocaleString('en') ?? '', ms, await longest()] as const
  }
  // The world has 40 provider keys, but only six providers, so that one provider has far more than 5 % of the records.
  const page = await whenRead(() => ask('{ affinities(first: 1) { nodes { providerKeyId } } }'))
  const keyId = page.data['affinities']?.nodes?.[0]?.providerKeyId
  const rows = [
    await timed(
      'one provider key',
      `clearAffinities(filter: { providerKeyId: "${keyId}" })`,
      'clearAffinities',
    ),
    await timed('all of them', 'clearAllCache(confirm: true)', 'clearAllCache'),
  ]
  printTable(
    `clears at ${COUNT.toLocaleString('en')} affinities`,
    ['', 'records', 'ms', 'longest command, ms'],
    rows.map((row) => [...row]),
  )
  await app.close()
} finally {
  await Promise.all([postgres.stop(), server.stop()])
}
