import type { KeyFamilies } from '../../affinities/key-families.js'
import { sampleWriterClocks, type WriterClocks } from '../../affinities/writer-clocks.js'
import type { Database } from '../../postgres/database.js'
import type { RedisClient } from '../../redis/client.js'
import type { Finding } from './finding.js'

/** A clock that is further away than this makes the TTLs that people see visibly wrong, in milliseconds. */
const CLOCK_WARNING_MS = 1_000
/** A clock that is further away than this makes tokens and pins expire at a wrong time, in milliseconds. */
const CLOCK_FAILURE_MS = 30_000
/** Gateways round what they write, so that records of a right clock differ by up to a second from Redis's, in milliseconds. */
const WRITER_WARNING_MS = 1_500

/** Compares the clocks of the stores with this machine's, and the gateway's with that of Redis. */
export async function* checkClocks(
  database: Database | undefined,
  redis: RedisClient | undefined,
  families: KeyFamilies,
): AsyncGenerator<Finding, void, undefined> {
  if (database) yield await checkClock('PostgreSQL', () => databaseTime(database))
  if (!redis) return
  const ofRedis = await checkClock('Redis', () => redisTime(redis))
  yield ofRedis
  if (ofRedis.message === silent('Redis')) return
  yield await checkWriterClocks(redis, families)
}

const silent = (name: string): string => `${name} does not tell its time.`

async function checkClock(name: string, askUnixMs: () => Promise<number>): Promise<Finding> {
  try {
    const aheadMs = await offsetMs(askUnixMs)
    const distance = Math.abs(aheadMs)
    const state = distance > CLOCK_FAILURE_MS ? 'failed' : distance > CLOCK_WARNING_MS ? 'warning' : 'ok'
    return {
      check: 'clocks',
      state,
      message:
        state === 'ok'
          ? `The clocks of ${name} and of this machine agree.`
          : `The clock of ${name} is ${away(aheadMs)} this machine’s: set both by NTP.`,
    }
  } catch {
    return { check: 'clocks', state: 'warning', message: silent(name) }
  }
}

/** Returns how far another clock is ahead of ours, in milliseconds, half-way between question and answer. */
async function offsetMs(askUnixMs: () => Promise<number>): Promise<number> {
  // The first question may include the time to connect, so it does not count.
  await askUnixMs()
  const before = Date.now()
  const theirs = await askUnixMs()
  return theirs - (before + Date.now()) / 2
}

async function databaseTime({ prisma }: Database): Promise<number> {
  const [row] = await prisma.$queryRaw<{ ms: number }[]>`
    SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms`
  return Number(row?.ms)
}

async function redisTime(redis: RedisClient): Promise<number> {
  const [node] = 'nodes' in redis ? redis.nodes('master') : [redis]
  const [seconds, microseconds] = (await node?.time()) ?? []
  return Number(seconds) * 1_000 + Number(microseconds) / 1_000
}

/** Checks that gateways write their records by the same time as Redis has. */
async function checkWriterClocks(redis: RedisClient, families: KeyFamilies): Promise<Finding> {
  const found = await sampleWriterClocks(redis, families).catch(() => 'unread' as const)
  if (found === 'unread') {
    const message = 'The gateway’s clock is not known: its records could not be read.'
    return { check: 'clocks', state: 'warning', message }
  }
  if (found === undefined) {
    const message = 'The gateway’s clock is not known yet: Redis has no record of an affinity.'
    return { check: 'clocks', state: 'ok', message }
  }
  return { check: 'clocks', ...whatWritersTell(found) }
}

function whatWritersTell({ records, aheadMs, agreeing, furthestMs }: WriterClocks) {
  const isOff = Math.abs(aheadMs) > WRITER_WARNING_MS
  const by = `by ${agreeing} of ${records} records`
  const others =
    furthestMs === undefined
      ? ''
      : ` The others were written by another clock, up to ${away(furthestMs)} Redis’s, or their TTLs were changed by hand.`
  return isOff
    ? ({
        state: 'warning',
        message: `The gateway’s clock is ${away(aheadMs)} Redis’s, ${by}: the times that it writes are wrong by so much, such as when a pin was created, and it judges sign-ins and breakers by that clock. Set it by NTP. Clears do not depend on it.${others}`,
      } as const)
    : ({ state: 'ok', message: `The clocks of the gateway and of Redis agree, ${by}.${others}` } as const)
}

const away = (aheadMs: number): string =>
  `${(Math.abs(aheadMs) / 1_000).toFixed(1)} s ${aheadMs > 0 ? 'ahead of' : 'behind'}`
