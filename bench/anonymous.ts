/**
 * Searches for the costliest single request that needs no token: the processor's time that it takes, the bytes
 * of its answer, and the memory that it leaves behind. It attacks three services: in production, in development, and with
 * trusted documents only. `npx tsx --expose-gc bench/anonymous.ts 600` searches for ten minutes.
 */
import pino from 'pino'
import {
  type AnonymousRequest,
  excessOf,
  FAMILIES,
  requestOf,
  type Sizes,
  searchCostliest,
  seeded,
} from '../tests/attacks/anonymous-requests.js'
import { PRODUCTION, testConfig } from '../tests/support/app.js'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { createApp } from './lib/built-app.js'
import { printTable } from './lib/measure.js'
import { makeWorld } from './lib/world.js'

/** Distinct requests of a family by which its memory is measured. */
const KEPT_OF = 30
const [seconds = 60, seed = 1] = process.argv.slice(2).map(Number)

const MODES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  production: PRODUCTION,
  development: {},
  'trusted documents only': { ...PRODUCTION, TRUSTED_DOCUMENTS_ONLY: 'true' },
}

type Send = (request: AnonymousRequest) => Promise<{ readonly text: string }>

function heapUsed(): number {
  if (globalThis.gc === undefined) throw new Error('Run with --expose-gc.')
  for (let round = 0; round < 3; round++) globalThis.gc()
  return process.memoryUsage().heapUsed
}

/** Bytes of heap that one request leaves behind. */
async function keptBy(family: string, sizes: Sizes, send: Send): Promise<number> {
  const before = heapUsed()
  for (let n = 0; n < KEPT_OF; n++) {
    const request = requestOf(family, sizes, `K${n}`)
    if (request) await send(request)
  }
  return (heapUsed() - before) / KEPT_OF
}

async function attack(mode: string, send: Send): Promise<void> {
  // A first round compiles the code of the service itself.
  await searchCostliest(send, () => false, seeded(seed))
  const until = performance.now() + (seconds * 1_000) / Object.keys(MODES).length
  const { byFamily, tried } = await searchCostliest(send, () => performance.now() < until, seeded(seed))
  const rows: (string | number)[][] = []
  for (const found of [...byFamily.values()].sort((a, b) => b.busyMs - a.busyMs).slice(0, 12)) {
    const kept = await keptBy(found.family, found.sizes, send)
    rows.push([
      found.family,
      found.busyMs,
      found.bytesIn,
      found.bytesOut,
      excessOf(found),
      Math.max(0, kept) / 1_000,
    ])
  }
  printTable(
    `${mode}: ${tried} requests of ${Object.keys(FAMILIES).length} families`,
    ['costliest', 'CPU ms', 'bytes in', 'bytes out', 'x allowed', 'kB kept'],
    rows,
  )
}

const [postgres, server] = await Promise.all([startPostgres(), startRedis()])
try {
  const databaseUrl = postgres.createDatabase('bench')
  await makeWorld(databaseUrl, server.client(), 100)
  for (const [mode, env] of Object.entries(MODES)) {
    const config = testConfig({ DATABASE_URL: databaseUrl, REDIS_URL: server.url, ...env })
    const app = await createApp(config, { logger: pino({ level: 'silent' }) })
    await attack(mode, async ({ method = 'POST', path = '/graphql', headers, body }) => {
      const response = await app.yoga.fetch(`http://localhost${path}`, {
        method,
        headers: headers ?? { 'content-type': 'application/json' },
        ...(body !== undefined && { body }),
      })
      return { text: await response.text() }
    })
    await app.close()
  }
} finally {
  await Promise.all([postgres.stop(), server.stop()])
}
