/**
 * `npm run fixtures:load` fills an empty PostgreSQL database (DATABASE_URL) and an empty Redis (REDIS_URL) with the gateway
 * data of tests/fixtures. It checks both before it writes to either, and refuses to write if one is not empty.
 */
import { Redis } from 'ioredis'
import pg from 'pg'
import { loadDatabaseFixtures, loadRedisFixtures, occupiedDatabase, occupiedRedis } from './lib/fixtures.js'

class Refusal extends Error {}

const reasonOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

async function reach<T>(what: string, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    throw new Refusal(`${what} cannot be reached (${reasonOf(error)}); nothing was loaded.`)
  }
}

async function main(databaseUrl: string | undefined, redisUrl: string | undefined): Promise<void> {
  if (!databaseUrl || !redisUrl)
    throw new Refusal('Set DATABASE_URL and REDIS_URL to an empty database and an empty Redis.')
  const database = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 })
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 5_000 })
  let redisError: unknown
  redis.on('error', (error) => {
    redisError = error
  })
  try {
    await reach('DATABASE_URL', () => database.connect())
    await reach('REDIS_URL', () =>
      redis.connect().catch((error) => {
        throw redisError ?? error
      }),
    )
    const occupied = (await occupiedDatabase(database)) ?? (await occupiedRedis(redis))
    if (occupied !== undefined) throw new Refusal(occupied)
    const rows = await loadDatabaseFixtures(database)
    const keys = await loadRedisFixtures(redis)
    console.log(`Loaded ${rows} rows into PostgreSQL and ${keys} keys into Redis.`)
  } finally {
    await database.end().catch(() => {})
    redis.disconnect()
  }
}

try {
  await main(process.env['DATABASE_URL'], process.env['REDIS_URL'])
} catch (error) {
  if (!(error instanceof Refusal)) throw error
  console.error(error.message)
  process.exitCode = 1
}
