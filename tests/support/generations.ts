/** What the programs of each generation left in Redis, and what they answered then. */
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { psql } from './servers/postgres.js'
import { freshDatabase } from './servers/shared.js'

export type Generation = 'process-memory' | 'provider-keys'

interface Line {
  readonly key: string
  /** Seconds; null for a key that does not expire, absent in lines that were added by hand. */
  readonly ttl?: number | null
  readonly record?: Readonly<Record<string, unknown>> & {
    readonly created_ago: number
    readonly expire_in: number
  }
  readonly json?: unknown
  readonly value?: string
  readonly list?: readonly string[]
  readonly set?: readonly string[]
  readonly zset?: readonly (readonly [member: string, score: number])[]
}

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')

export const jsonlOf = (generation: Generation): Line[] =>
  fixture(`${generation}/redis.jsonl`)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))

export interface Mirror {
  readonly key: string
  readonly value: string
}

/** The affinities as they are stored. `now` is in Unix milliseconds. */
export const mirrors = (generation: Generation, now: number): Mirror[] =>
  jsonlOf(generation).flatMap(({ key, record }) =>
    record ? [{ key, value: storedRecord(generation, record, now) }] : [],
  )

function storedRecord(
  generation: Generation,
  { created_ago, expire_in, ...fields }: NonNullable<Line['record']>,
  now: number,
): string {
  // Rust's times are whole seconds. The moment of the dump is put so late that no time is negative.
  const seconds = generation === 'process-memory' ? Math.floor(now / 1_000) : now / 1_000
  const at = Math.max(seconds, 1_000_000)
  return JSON.stringify({ ...fields, created_at: at - created_ago, expire_at: at + expire_in })
}

/** Stores everything that was in Redis. `now` is in Unix milliseconds. */
export async function loadGeneration(redis: Redis, generation: Generation, now = Date.now()): Promise<void> {
  const pipeline = redis.pipeline()
  for (const line of jsonlOf(generation)) {
    const { key, ttl, record, json, value, list, set, zset } = line
    if (list) pipeline.rpush(key, ...list)
    else if (set) pipeline.sadd(key, ...set)
    else if (zset) pipeline.zadd(key, ...zset.flatMap(([member, score]) => [score, member]))
    else if (record) pipeline.set(key, storedRecord(generation, record, now))
    // `json` is the stored text itself in the second generation's file.
    else pipeline.set(key, value ?? (typeof json === 'string' ? json : JSON.stringify(json)))
    if (ttl) pipeline.expire(key, ttl)
  }
  await pipeline.exec()
}

/** One of the affinities that a gateway listed. */
export interface ListedAffinity {
  readonly affinity_key: string
  readonly user_api_key_name: string | null
  readonly is_standalone: boolean
  readonly user_id: string | null
  readonly username: string | null
  readonly email: string | null
  readonly provider_id: string
  readonly provider_name: string | null
  readonly endpoint_id: string
  readonly endpoint_url: string | null
  readonly key_id: string
  readonly key_name: string | null
  readonly global_model_id: string
  readonly model_name: string | null
  readonly model_display_name: string | null
  readonly client_family?: string | null
  readonly session_hash?: string | null
  readonly api_format: string
  readonly created_at: number
  readonly expire_at: number
  readonly request_count: number
}

/** The affinities that a gateway listed at the moment of the dump. */
export function listed(generation: Generation): ListedAffinity[] {
  const answers = JSON.parse(fixture(`${generation}/answers.json`)) as {
    request: { path: string }
    body: { data: { items: ListedAffinity[] } }
  }[]
  const answer = answers.find(({ request }) => request.path.endsWith('/cache/affinities?limit=1000'))
  return answer?.body.data.items ?? []
}

/** A new database with the tables, and by default the rows, that a gateway of this generation has left; its URL. */
export function gatewayDatabase(
  generation: Generation,
  contents: 'fixtures' | 'schema' = 'fixtures',
): string {
  if (contents === 'fixtures') return freshDatabase(generation)
  const url = freshDatabase('empty')
  psql(url, fixture(`${generation}/gateway-schema.sql`))
  return url
}

export const jsonFixture = (generation: Generation, name: string): unknown =>
  JSON.parse(fixture(`${generation}/${name}`))
