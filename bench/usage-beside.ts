/**
 * Measures a page of affinities beside questions about usage rows, two of which are always under way:
 * `tsx bench/usage-beside.ts [rows of 7 days] [seconds]`. Both are on one PostgreSQL, and take turns with a page alone, so that
 * other load on the machine affects them alike.
 */
import { existsSync } from 'node:fs'
import { loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { manyRows } from '../tests/usage/many-rows.js'
import { ENDPOINT_KEYS_USAGE } from '../tests/usage/usage-table.js'
import { startAskedApp } from './lib/asked-app.js'
import { median, printTable, quantile } from './lib/measure.js'
import { whenRead } from './lib/when-read.js'
import { makeWorld } from './lib/world.js'
import { PAGE } from './page.js'

const MEMORY = '/dev/shm'
const DAY_MS = 24 * 3_600_000
const AFFINITIES = 10_000
const TURN_MS = 3_000

const count = Number(process.argv[2] ?? '200000')
const seconds = Number(process.argv[3] ?? '60')
const until = new Date()
const since = new Date(until.getTime() - 7 * DAY_MS)

if (existsSync(MEMORY)) process.env['TMPDIR'] = MEMORY
const [postgres, server] = await Promise.all([
  startPostgres({ settings: { shared_buffers: '256MB', work_mem: '4MB' } }),
  startRedis(),
])
const redis = server.client()
try {
  const databaseUrl = postgres.createDatabase('bench')
  await makeWorld(databaseUrl, redis, AFFINITIES)
  const rows = manyRows('endpoint-keys', { count, since, until })
  postgres.psql(databaseUrl, `${ENDPOINT_KEYS_USAGE}; ${rows}; VACUUM ANALYZE usage`)
  const { app, ask } = await startAskedApp({
    DATABASE_URL: databaseUrl,
    REDIS_URL: server.url,
    COST_PER_MINUTE: '0',
    RATE_LIMIT_VIEWER: '0',
  })
  await whenRead(() => ask(PAGE))

  const period = `since: "${since.toISOString()}", until: "${until.toISOString()}"`
  const questions = [
    `{ switchCosts(${period}, by: PROVIDER_KEY) { total { pairs } } }`,
    `{ ttlAdvice(${period}, by: PROVIDER_KEY) { groupCount } }`,
  ]
  const answers: number[] = []
  let asking = false
  let done = false
  const askAgain = async (question: string) => {
    while (!done) {
      if (!asking) {
        await pause(20)
        continue
      }
      const startedAt = performance.now()
      const { errors } = await ask(question)
      if (errors) throw new Error(errors[0].message)
      answers.push(performance.now() - startedAt)
    }
  }
  const asked = questions.map(askAgain)
  const times = { alone: [] as number[], beside: [] as number[] }
  const end = performance.now() + seconds * 1_000
  for (let isBeside = false; performance.now() < end; isBeside = !isBeside) {
    asking = isBeside
    // What was asked in the turn before ends first.
    if (!isBeside) await pause(Math.max(500, 1.5 * (answers.at(-1) ?? 0)))
    const turnEnds = performance.now() + TURN_MS
    while (performance.now() < turnEnds) {
      const startedAt = performance.now()
      await ask(PAGE)
      times[isBeside ? 'beside' : 'alone'].push(performance.now() - startedAt)
    }
  }
  done = true
  await Promise.all(asked)
  const [alone, beside] = [median(times.alone), median(times.beside)]
  printTable(
    `${count.toLocaleString('en')} rows of 7 days, ${answers.length} answers, half of them within ${Math.round(median(answers))} ms; load ${loadavg()[0]?.toFixed(1)}`,
    ['page of 100, ms', 'p50', 'p90', 'x alone'],
    [
      ['alone', alone, quantile(times.alone, 0.9), 1],
      ['beside two questions', beside, quantile(times.beside, 0.9), beside / alone],
    ],
  )
  await app.yoga.dispose()
  await app.close()
} finally {
  redis.disconnect()
  await server.stop()
  await postgres.stop()
}
