/** Loads the gateway data of tests/fixtures; shared by `npm run fixtures:load` and the tests. */
import { readFileSync } from 'node:fs'
import type { Cluster, Redis } from 'ioredis'
import type pg from 'pg'

const fixture = (name: string): string =>
  readFileSync(new URL(`../../tests/fixtures/${name}`, import.meta.url), 'utf8')

/** SQL of the gateway's tables, and of its rows. Both are lists of plain statements. */
export const fixtureSql = (): { schema: string; data: string } => ({
  schema: fixture('gateway-schema.sql'),
  data: fixture('gateway-data.sql'),
})

/** An affinity as redis.jsonl has it: its times in seconds, before and after the moment of loading. */
interface FixtureRecord {
  readonly created_ago: number
  readonly expire_in: number
  readonly [field: string]: unknown
}

interface FixtureEntry {
  readonly key: string
  /** Seconds. */
  readonly ttl: number
  readonly record?: FixtureRecord
  readonly json?: unknown
  readonly value?: string
  readonly list?: readonly string[]
}

export const fixtureEntries = (): FixtureEntry[] =>
  fixture('redis.jsonl')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

/** What the gateway stores for this entry, as a string. `now` in milliseconds. */
export function fixtureValue({ record, json, value }: FixtureEntry, now: number): string {
  if (record === undefined) return value ?? JSON.stringify(json)
  const { created_ago, expire_in, request_count, ...fields } = record
  const times = { created_at: now / 1000 - created_ago, expire_at: now / 1000 + expire_in }
  return JSON.stringify({ ...fields, ...times, request_count })
}

/** Stores every entry of redis.jsonl; how many. `now` in milliseconds. Works on a Cluster, too. */
export async function loadRedisFixtures(client: Redis | Cluster, now = Date.now()): Promise<number> {
  const entries = fixtureEntries()
  const store = async (entry: FixtureEntry) => {
    if (entry.list === undefined) {
      await client.set(entry.key, fixtureValue(entry, now), 'EX', entry.ttl)
      return
    }
    await client.rpush(entry.key, ...entry.list)
    await client.expire(entry.key, entry.ttl)
  }
  await Promise.all(entries.map(store))
  return entries.length
}

/** Creates the gateway's tables and rows, all or nothing; how many rows. */
export async function loadDatabaseFixtures(client: pg.Client): Promise<number> {
  const { schema, data } = fixtureSql()
  await client.query('BEGIN')
  await client.query(schema)
  const inserts = await client.query(data)
  await client.query('COMMIT')
  // One result a statement; the types know only the single one.
  const results: unknown = inserts
  return Array.isArray(results) ? results.length : 1
}

/** Why this database may not be loaded, or undefined. */
export async function occupiedDatabase(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
      ORDER BY 1 LIMIT 1`,
  )
  const [table] = rows
  return table && `DATABASE_URL names a database that has tables already (${table.name}); nothing was loaded.`
}

/** Why this Redis may not be loaded, or undefined. Counts every database of the server, not only the selected one. */
export async function occupiedRedis(client: Redis): Promise<string | undefined> {
  const keyspace = await client.info('keyspace')
  return keyspace.includes('keys=')
    ? 'REDIS_URL names a Redis that has keys already; nothing was loaded.'
    : undefined
}
