/**
 * Stops the service in the middle of a clear: `tsx bench/stopped-clear.ts [records]` tells how long it takes to end, and whether
 * the answer, the audit event and what is left in Redis agree.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import pg from 'pg'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { printTable } from './lib/measure.js'
import { startSoakService } from './lib/soak-service.js'
import { makeWorld } from './lib/world.js'

const [records = 2_000_000] = process.argv.slice(2).map(Number)
const STEP = 10_000
/** The time that deploy/ gives a stop. */
const GRACE_MS = 60_000
/** Share of the records that are gone when the signal is sent. */
const SHARE = 0.25

const CLEAR = `mutation {
  clearAllCache(confirm: true) { __typename ... on ClearAllCachePayload { clearedCount } ... on Error { code message } }
}`

/** Redis makes the records itself, which takes it some seconds: `makeWorld` would take minutes. */
const FILL = `
for n = ARGV[1], ARGV[1] + ARGV[2] - 1 do
  local id = string.format('%08x-0000-4000-8000-%012x', n, n)
  redis.call('SET', 'cache_affinity:' .. id .. ':CLAUDE:' .. ARGV[3], ARGV[4], 'EX', 86400)
end`

async function fill(redis: Redis): Promise<void> {
  const [like = ''] = await redis.keys('cache_affinity:*')
  const value = await redis.get(like)
  await redis.flushdb()
  for (let n = 0; n < records; n += STEP)
    await redis.eval(FILL, 0, n, Math.min(STEP, records - n), like.split(':').at(-1) ?? '', value ?? '')
}

/** Counts the records that are left, and names the other keys: the service has some of its own. */
async function keysLeft(redis: Redis): Promise<{ readonly records: number; readonly others: string[] }> {
  let found = 0
  const others: string[] = []
  for await (const keys of redis.scanStream({ count: 2_000 })) {
    for (const key of keys as string[]) {
      if (key.startsWith('cache_affinity:')) found += 1
      else others.push(key)
    }
  }
  return { records: found, others }
}

const seconds = (since: number): number => (performance.now() - since) / 1_000

const [postgres, server] = await Promise.all([startPostgres(), startRedis()])
const redis = server.client()
try {
  const databaseUrl = postgres.createDatabase('bench')
  await makeWorld(databaseUrl, redis, 10)
  await fill(redis)
  const service = await startSoakService({ databaseUrl, redisUrl: server.url }, 1)
  const clear = service.ask(CLEAR).catch((error: unknown) => error)
  while ((await redis.dbsize()) > records * (1 - SHARE)) await sleep(5)
  const stoppedAt = performance.now()
  const answered = clear.then((answer) => ({ answer, after: seconds(stoppedAt) }))
  const leftAtSignal = await redis.dbsize()
  await service.stop(GRACE_MS)
  const exited = seconds(stoppedAt)
  const { answer, after } = await answered
  const left = await keysLeft(redis)
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const { rows } = await client.query(
    'SELECT event_type, status_code, error_message, event_metadata FROM audit_logs ORDER BY created_at',
  )
  await client.end()
  printTable(
    `SIGTERM in a clear of ${records}`,
    ['about gone at the signal', 'gone at the end', 'answered after s', 'ended after s'],
    [[String(records - leftAtSignal), String(records - left.records), after, exited]],
  )
  console.log(`Other keys: ${left.others.join()}`)
  console.log(JSON.stringify(answer))
  for (const row of rows) console.log(JSON.stringify(row))
  console.log(service.warnings().join('\n'))
} finally {
  redis.disconnect()
  await Promise.all([postgres.stop(), server.stop()])
}
