/** Measures a page of 100 affinities with every field and every join, beside the two floors. */
import { readFileSync } from 'node:fs'
import pino from 'pino'
import { ADMIN_TOKEN, testConfig } from '../tests/support/app.js'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { createApp } from './lib/built-app.js'
import { constantsThroughYoga, rawScan } from './lib/floors.js'
import { measure, printTable, type Timing } from './lib/measure.js'
import { whenRead } from './lib/when-read.js'
import { makeWorld } from './lib/world.js'

export const PAGE = `{ affinities(first: 100) {
  totalCount
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  nodes {
    id affinityKey apiFormat modelId modelName modelDisplayName providerId endpointId providerKeyId
    rateMultiplier isStandalone requestCount createdAt expiresAt ttlSeconds staleReasons
    apiKey { id name maskedKey isStandalone isActive expiresAt }
    user { id username email role isActive }
    provider { id name displayName isActive }
    endpoint { id apiFormat baseUrl isActive }
    providerKey { id name maskedKey rateMultiplier cacheTtlMinutes isActive }
    model { id name displayName isActive }
  }
} }`

const searchBody = (search: string): string =>
  JSON.stringify({ query: PAGE.replace('first: 100', `first: 100, search: ${JSON.stringify(search)}`) })

export async function benchPage(count: number): Promise<void> {
  // This is PostgreSQL's default; the tests' servers have less.
  const settings = { shared_buffers: '128MB' }
  const [postgres, server] = await Promise.all([startPostgres({ settings }), startRedis()])
  const redis = server.client()
  try {
    const databaseUrl = postgres.createDatabase('bench')
    const world = await makeWorld(databaseUrl, redis, count)
    const app = await createApp(testConfig({ DATABASE_URL: databaseUrl, REDIS_URL: server.url }), {
      logger: pino({ level: 'silent' }),
    })
    const body = JSON.stringify({ query: PAGE })
    const unjudged = JSON.stringify({ query: PAGE.replace(' staleReasons', '') })
    // An answer's bytes are what a socket takes; to make a text of them is the client's part.
    const page = async (query: string) => {
      const response = await app.yoga.fetch('http://localhost/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
        body: query,
      })
      return response.arrayBuffer()
    }
    const answer = await whenRead(async () => JSON.parse(new TextDecoder().decode(await page(body))))
    if (answer.data.affinities.totalCount !== count) throw new Error('not every record was read')

    const floor = constantsThroughYoga(answer.data, body)
    if ((await floor()) !== JSON.stringify(answer))
      throw new Error('the floor does not give the same response')
    const name = world.userNames[Math.floor(world.userNames.length / 2)] ?? ''
    // The scan is measured alone, since the garbage that it leaves would slow down the others.
    const { scan } = await measure({ scan: () => rawScan(redis) })
    globalThis.gc?.()
    const timings = await measure({
      constants: floor,
      page: () => page(body),
      unjudged: () => page(unjudged),
      search: () => page(searchBody(name)),
      part: () => page(searchBody(name.slice(0, -1))),
    })
    postgres.psql(databaseUrl, readFileSync('deploy/postgres/indexes.sql', 'utf8'))
    const indexed = await measure({
      constants: floor,
      search: () => page(searchBody(name)),
      part: () => page(searchBody(name.slice(0, -1))),
    })
    printTable(
      `${count.toLocaleString('en')} affinities, in milliseconds`,
      ['', 'p50', 'p99', 'per second', 'x constants', 'x scan'],
      [
        ...rowsOf({ scan, ...timings }, timings.constants, scan),
        ...rowsOf(indexed, indexed.constants, scan, ', with the indexes of deploy/postgres'),
      ],
    )
    await app.close()
  } finally {
    await Promise.all([postgres.stop(), server.stop()])
  }
}

const LABELS = {
  scan: 'floor: SCAN + MGET + JSON.parse',
  constants: 'floor: constants through Yoga',
  page: 'page of 100, all fields and joins',
  unjudged: 'the same without verdicts',
  search: 'search by user name',
  part: 'search by a part of a user name',
} as const

function rowsOf(
  timings: Partial<Record<keyof typeof LABELS, Timing>>,
  constants: Timing,
  scan: Timing,
  suffix = '',
) {
  return Object.entries(timings).map(([name, { p50, p99, perSecond }]) => [
    `${LABELS[name as keyof typeof LABELS]}${suffix}`,
    p50,
    p99,
    perSecond,
    p50 / constants.p50,
    p50 / scan.p50,
  ])
}
