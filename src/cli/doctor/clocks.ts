import type { Database } from '../../postgres/database.js'
import type { RedisClient } from '../../redis/client.js'

/** Returns how far another clock is ahead of ours, in milliseconds, half-way between question and answer. */
async function clockOffsetMs(askUnixMs: () => Promise<number>): Promise<number> {
  // The first question may include the time to connect, so it does not count.
  await askUnixMs()
  const before = Date.now()
  const theirs = await askUnixMs()
  return theirs - (before + Date.now()) / 2
}

export const databaseClockOffsetMs = (database: Database): Promise<number> =>
  clockOffsetMs(async () => {
    const [row] = await database.prisma.$queryRaw<{ ms: number }[]>`
      SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms`
    return Number(row?.ms)
  })

export const redisClockOffsetMs = (redis: RedisClient): Promise<number> =>
  clockOffsetMs(async () => {
    const [node] = 'nodes' in redis ? redis.nodes('master') : [redis]
    const [seconds, microseconds] = (await node?.time()) ?? []
    return Number(seconds) * 1_000 + Number(microseconds) / 1_000
  })
