import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import about from '../fixtures/about.json' with { type: 'json' }
import { FIXTURE_ADMIN, loadFixtures } from '../support/fixtures.js'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase, freshRedis } from '../support/servers/shared.js'

/** Redis keeps no key whose time is over. */
const NOW = Date.now()

function load(environment: Record<string, string>) {
  const script = fileURLToPath(new URL('../../scripts/fixtures-load.ts', import.meta.url))
  const env = { PATH: process.env['PATH'] ?? '', ...environment }
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script], {
    encoding: 'utf8',
    env,
  })
  return { status, out: stdout.trim(), err: stderr.trim() }
}

const tables = (url: string) => psql(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").trim()
const users = (url: string) => psql(url, 'SELECT count(*) FROM users').trim()

describe('npm run fixtures:load', () => {
  test('fills an empty database and an empty Redis, and refuses to do it again', async () => {
    const [databaseUrl, redis] = [freshDatabase('empty'), await freshRedis('empty')]
    const environment = { DATABASE_URL: databaseUrl, REDIS_URL: redis.url }
    expect(load(environment)).toEqual({
      status: 0,
      out: 'Loaded 183 rows into PostgreSQL and 651 keys into Redis.',
      err: '',
    })
    expect(users(databaseUrl)).toBe('26')
    expect(await redis.client().dbsize()).toBe(about.counts.entries)
    const again = load(environment)
    expect(again.status).toBe(1)
    expect(again.err).toBe(
      'DATABASE_URL names a database that has tables already (public.api_keys); nothing was loaded.',
    )
  })

  test('refuses a Redis with any key, in any of its databases, and writes neither', async () => {
    const [databaseUrl, redis] = [freshDatabase('empty'), await freshRedis('empty')]
    await redis.client({ db: 5 }).set('mine', '1')
    const { status, err } = load({ DATABASE_URL: databaseUrl, REDIS_URL: redis.url })
    expect({ status, err }).toEqual({
      status: 1,
      err: 'REDIS_URL names a Redis that has keys already; nothing was loaded.',
    })
    expect(tables(databaseUrl)).toBe('0')
    expect(await redis.client().dbsize()).toBe(0)
  })

  test('refuses a database with any table, and writes neither', async () => {
    const [databaseUrl, redis] = [freshDatabase('empty'), await freshRedis('empty')]
    psql(databaseUrl, 'CREATE SCHEMA other; CREATE TABLE other.orders (id int)')
    const { status, err } = load({ DATABASE_URL: databaseUrl, REDIS_URL: redis.url })
    expect(status).toBe(1)
    expect(err).toContain('other.orders')
    expect(await redis.client().dbsize()).toBe(0)
  })

  test('says in one line what is missing or cannot be reached, and writes neither', async () => {
    const [databaseUrl, redis] = [freshDatabase('empty'), await freshRedis('empty')]
    for (const [environment, message] of [
      [{}, 'Set DATABASE_URL and REDIS_URL'],
      [{ DATABASE_URL: databaseUrl, REDIS_URL: 'redis://127.0.0.1:1' }, 'REDIS_URL cannot be reached'],
      [
        { DATABASE_URL: 'postgresql://127.0.0.1:1/x', REDIS_URL: redis.url },
        'DATABASE_URL cannot be reached',
      ],
    ] as const) {
      const { status, err } = load(environment)
      expect(status).toBe(1)
      expect(err).toContain(message)
      expect(err.split('\n')).toHaveLength(1)
    }
    expect(tables(databaseUrl)).toBe('0')
    expect(await redis.client().dbsize()).toBe(0)
  })
})

describe('fixtures in tests', () => {
  test('a fresh database has the rows, and changing it changes no other', () => {
    const [one, other] = [freshDatabase(), freshDatabase()]
    psql(one, 'DELETE FROM audit_logs; DELETE FROM system_configs')
    expect(psql(other, 'SELECT count(*) FROM system_configs').trim()).toBe('2')
    expect(psql(other, `SELECT email FROM users WHERE id = '${FIXTURE_ADMIN.id}'`).trim()).toBe(
      FIXTURE_ADMIN.email,
    )
  })

  test('a fresh Redis has the keys, with times relative to `now`', async () => {
    const redis = (await freshRedis('fixtures', { now: NOW })).client()
    expect(await redis.dbsize()).toBe(about.counts.entries)
    const keys = (await redis.keys('cache_affinity:*')).toSorted()
    const values = await Promise.all(keys.map((key) => redis.get(key).catch(() => 'a list')))
    const records = values
      .filter((value) => value?.includes('"expire_at"'))
      .map((value) => JSON.parse(value ?? ''))
    expect(records).toHaveLength(about.counts.affinities)
    expect(keys).toHaveLength(about.counts.affinities + about.counts.broken)
    for (const record of records) {
      expect(record.created_at).toBeLessThanOrEqual(NOW / 1000)
      expect(record.expire_at).toBeGreaterThan(NOW / 1000)
      expect(Object.keys(record)).not.toContain('created_ago')
    }
    expect(await redis.type('global_model:resolve:a-list')).toBe('list')
    const ttls = await Promise.all((await redis.keys('*')).map((key) => redis.ttl(key)))
    expect(Math.min(...ttls)).toBeGreaterThan(0)
  })

  test('loadFixtures fills what it is given', async () => {
    const [databaseUrl, redis] = [freshDatabase('empty'), await freshRedis('empty')]
    await loadFixtures({ databaseUrl, redisUrl: redis.url, now: NOW })
    expect(users(databaseUrl)).toBe('26')
    expect(await redis.client().dbsize()).toBe(about.counts.entries)
  })
})
