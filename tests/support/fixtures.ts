import { Redis } from 'ioredis'
import pg from 'pg'
import { loadDatabaseFixtures, loadRedisFixtures } from '../../scripts/lib/fixtures.js'

export { fixtureEntries, fixtureSql, fixtureValue, loadRedisFixtures } from '../../scripts/lib/fixtures.js'

/**
 * Loads the fixtures into an empty database, an empty Redis, or both. Times in Redis are relative to `now`, in milliseconds.
 * For most tests `freshDatabase()` and `freshRedis()` of servers/shared.ts are quicker.
 */
export async function loadFixtures(targets: {
  databaseUrl?: string
  redisUrl?: string
  now?: number
}): Promise<void> {
  const { databaseUrl, redisUrl, now } = targets
  if (databaseUrl !== undefined) {
    const client = new pg.Client(databaseUrl)
    await client.connect()
    await loadDatabaseFixtures(client).finally(() => client.end())
  }
  if (redisUrl !== undefined) {
    const client = new Redis(redisUrl)
    await loadRedisFixtures(client, now).finally(() => client.disconnect())
  }
}

/** The passphrase by which the fixtures' keys are encrypted. */
export const FIXTURE_PASSPHRASE = 'fixture-encryption-key'

/** Secrets of the fixtures' gateway. */
export const FIXTURE_SECRETS = {
  /** The Fernet key that is derived from the passphrase, so that not each of a thousand services derives it again. */
  encryptionKey: 'NbscCLrFyeBJm2188Az5WaD46P3_FyoIyTJdaYhiolQ=',
  jwtSecret: 'fixture-jwt-secret',
} as const

/** The same secrets as variables of the service. */
export const FIXTURE_ENVIRONMENT = {
  ENCRYPTION_KEY: FIXTURE_SECRETS.encryptionKey,
  JWT_SECRET_KEY: FIXTURE_SECRETS.jwtSecret,
} as const

/** Administrator in the fixtures. */
export const FIXTURE_ADMIN = {
  id: 'db5b5fab-8f4d-4e27-9da1-494c73cf256d',
  email: 'root@example.com',
  password: 'correct horse battery',
} as const
