import type { Database } from '../../postgres/database.js'
import type { RedisClient } from '../../redis/client.js'

/** How far another clock is ahead of ours, in milliseconds: as it was half-way between question and answer. */
async function aheadMs(askUnixMs: () => Promise<number>): Promise<number> {
  // The first question may have to connect.
  await askUnixMs()
  const before = Date.now()
  const theirs = await askUnixMs()
  return theirs - (before + Date.now()) / 2
}

export const databaseClock = (database: Database): Promise<number> =>
  aheadMs(async () => {
    const [row] = await database.prisma.$queryRaw<{ ms: number }[]>`
      SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms`
    return Number(row?.ms)
  })

export const redisClock = (redis: RedisClient): Promise<number> =>
  aheadMs(async () => {
    const [node] = 'nodes' in redis ? redis.nodes('master') : [redis]
    const [seconds, microseconds] = (await node?.time()) ?? []
    return Number(seconds) * 1_000 + Number(microseconds) / 1_000
  })
