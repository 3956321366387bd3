/** Loads the gateway data of tests/fixtures; shared by `npm run fixtures:load` and the tests. */
import { readFileSync } from 'node:fs'
import { Cluster, type Redis } from 'ioredis'
import type pg from 'pg'

const fixture = (name: string): string =>
  readFileSync(new URL(`../../tests/fixtures/${name}`, import.meta.url), 'utf8')

/** Reads the SQL of the gateway's tables and of its rows. Both are lists of plain statements. */
export const fixtureSql = (): { schema: string; data: string } => ({
  schema: fixture('gateway-schema.sql'),
  data: fixture('gateway-data.sql'),
})

/** An affinity in redis.jsonl. Its times are in seconds relative to the moment of loading. */
interface FixtureRecord {
  readonly created_ago: number
  readonly expire_in: number
  readonly [field: string]: unknown
}

interface FixtureEntry {
  readonly key: string
  /** TTL in seconds. */
  readonly ttl: number
  readonly record?: FixtureRecord
  readonly json?: unknown
  readonly value?: string
  readonly list?: readonly string[]
}

let readEntries: readonly FixtureEntry[] | undefined

/** Reads redis.jsonl once. */
export function fixtureEntries(): readonly FixtureEntry[] {
  readEntries ??= fixture('redis.jsonl')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
  return readEntries
}

/** Encodes the value that the gateway stores for an entry. `now` is in Unix milliseconds. */
export function fixtureValue({ record, json, value }: FixtureEntry, now: number): string {
  if (record === undefined) return value ?? JSON.stringify(json)
  const { created_ago, expire_in, request_count, ...fields } = record
  const times = { created_at: now / 1000 - created_ago, expire_at: now / 1000 + expire_in }
  return JSON.stringify({ ...fields, ...times, request_count })
}

/** Stores all entries of redis.jsonl, and returns their number. `now` is in Unix milliseconds. Also works on a Cluster. */
export async function loadRedisFixtures(client: Redis | Cluster, now = Date.now()): Promise<number> {
  const entries = fixtureEntries()
  const textOf = (entry: FixtureEntry) => fixtureValue(entry, now)
  const expiryOf = ({ ttl }: FixtureEntry) => Math.round(now) + ttl * 1_000
  // The keys of a pipeline must lie on one node.
  if (client instanceof Cluster) {
    const store = async (entry: FixtureEntry) => {
      if (entry.list === undefined) await client.set(entry.key, textOf(entry))
      else await client.rpush(entry.key, ...entry.list)
      await client.pexpireat(entry.key, expiryOf(entry))
    }
    await Promise.all(entries.map(store))
    return entries.length
  }
  // A thousand commands by themselves are a thousand writes to the socket.
  const pipeline = client.pipeline()
  for (const entry of entries) {
    if (entry.list === undefined) pipeline.set(entry.key, textOf(entry))
    else pipeline.rpush(entry.key, ...entry.list)
    pipeline.pexpireat(entry.key, expiryOf(entry))
  }
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
  return entries.length
}

/** Creates the gateway's tables and rows in one transaction, and returns the number of rows. */
export async function loadDatabaseFixtures(client: pg.Client): Promise<number> {
  const { schema, data } = fixtureSql()
  await client.query('BEGIN')
  await client.query(schema)
  const inserts = await client.query(data)
  await client.query('COMMIT')
  // pg returns an array for several statements, but its types have only the single result.
  const results: unknown = inserts
  return Array.isArray(results) ? results.length : 1
}

/** Returns the reason why this database must not be filled, or undefined. */
export async function occupiedDatabase(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
      ORDER BY 1 LIMIT 1`,
  )
  const [table] = rows
  return table && `DATABASE_URL names a database that has tables already (${table.name}); nothing was loaded.`
}

/** Returns the reason why this Redis must not be filled, or undefined. It checks all databases of the server. */
export async function occupiedRedis(client: Redis): Promise<string | undefined> {
  const keyspace = await client.info('keyspace')
  return keyspace.includes('keys=')
    ? 'REDIS_URL names a Redis that has keys already; nothing was loaded.'
    : undefined
}
