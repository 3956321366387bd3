import { randomUUID } from 'node:crypto'
import { inject, onTestFinished } from 'vitest'
import { loadRedisFixtures } from '../../../scripts/lib/fixtures.js'
import { TEMPLATES } from './global.js'
import { createDatabase } from './postgres.js'
import { type RedisServer, startRedis } from './redis.js'

/**
 * A new database on the run's PostgreSQL and its URL. `fixtures`: the gateway's tables and rows; `schema`: its tables
 * without rows; `empty`: no table at all. It goes with the run.
 */
export function freshDatabase(contents: 'fixtures' | 'schema' | 'empty' = 'fixtures'): string {
  const template = contents === 'empty' ? 'template0' : TEMPLATES[contents]
  return createDatabase(inject('postgresUrl'), `test_${randomUUID().replaceAll('-', '')}`, template)
}

/**
 * A Redis of the test file's own, with the fixtures (their times relative to `now`, in milliseconds) or empty.
 * In a test it is stopped when that test ends; made in beforeAll, stop it in afterAll.
 */
export async function freshRedis(
  contents: 'fixtures' | 'empty' = 'fixtures',
  options: { now?: number; args?: readonly string[] } = {},
): Promise<RedisServer> {
  const server = await startRedis(options.args === undefined ? {} : { args: options.args })
  try {
    onTestFinished(() => server.stop())
  } catch {
    // Not called from a test.
  }
  if (contents === 'fixtures') await loadRedisFixtures(server.client(), options.now)
  return server
}
