import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import pg from 'pg'
import { fixtureSql } from '../../scripts/lib/fixtures.js'
import { cacheAffinity } from '../../src/affinities/families/cache-affinity.js'
import { createEncrypter } from '../../src/gateway/aether/fernet.js'
import { FIXTURE_SECRETS } from '../../tests/support/fixtures.js'

/** Number of affinities of an API key: it uses about ten pairs of format and model. */
const AFFINITIES_PER_API_KEY = 10
const API_KEYS_PER_USER = 3
const MODELS = 30
const FORMATS = ['CLAUDE', 'CLAUDE_CLI', 'OPENAI', 'OPENAI_CLI', 'GEMINI', 'GEMINI_CLI']

export interface World {
  readonly userNames: readonly string[]
  readonly providerIds: readonly string[]
}

/** Creates a linear congruential generator of numbers from 0 to 1, so that each run has the same world. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

interface WorldSize {
  /** Default: one for ten affinities. */
  readonly apiKeys: number
  /** Provider keys beyond those of the fixtures. Default: none. */
  readonly providerKeys: number
}

/** Fills PostgreSQL with the fixtures, users, API keys and provider keys, and Redis with `count` affinities. */
export async function makeWorld(
  databaseUrl: string,
  redis: Redis,
  count: number,
  { apiKeys = Math.ceil(count / AFFINITIES_PER_API_KEY), providerKeys = 0 }: Partial<WorldSize> = {},
): Promise<World> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const sql = fixtureSql()
    await client.query(sql.schema)
    await client.query(sql.data)
    const { userNames, apiKeyIds } = await insertUsers(client, apiKeys)
    const modelIds = await insertModels(client)
    await copyProviderKeys(client, providerKeys)
    const pins = await readPins(client)
    await writeAffinities(redis, count, apiKeyIds, modelIds, pins)
    return { userNames, providerIds: [...new Set(pins.map(({ provider_id }) => provider_id))] }
  } finally {
    await client.end()
  }
}

async function insertUsers(client: pg.Client, apiKeyCount: number) {
  const encrypt = createEncrypter(FIXTURE_SECRETS.encryptionKey)
  const users = Array.from({ length: Math.ceil(apiKeyCount / API_KEYS_PER_USER) }, (_, index) => ({
    id: randomUUID(),
    username: `bench-user-${String(index).padStart(6, '0')}`,
  }))
  const apiKeys = Array.from({ length: apiKeyCount }, (_, index) => ({
    id: randomUUID(),
    userId: users[index % users.length]?.id,
    name: `bench-key-${index}`,
    encrypted: encrypt(`sk-bench-${String(index).padStart(40, '0')}`),
  }))
  await client.query(
    `INSERT INTO users (id, username, email, password_hash, role, is_active, is_deleted, created_at, updated_at)
     SELECT id, name, name || '@example.com', '-', 'user', true, false, now(), now()
     FROM unnest($1::text[], $2::text[]) AS new(id, name)`,
    [users.map(({ id }) => id), users.map(({ username }) => username)],
  )
  await client.query(
    `INSERT INTO api_keys (id, user_id, key_hash, key_encrypted, name, is_standalone, is_active, auto_delete_on_expiry, created_at, updated_at)
     SELECT id, user_id, id, encrypted, name, false, true, false, now(), now()
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS new(id, user_id, name, encrypted)`,
    [
      apiKeys.map(({ id }) => id),
      apiKeys.map(({ userId }) => userId),
      apiKeys.map(({ name }) => name),
      apiKeys.map(({ encrypted }) => encrypted),
    ],
  )
  await client.query('ANALYZE')
  return { userNames: users.map(({ username }) => username), apiKeyIds: apiKeys.map(({ id }) => id) }
}

async function insertModels(client: pg.Client): Promise<string[]> {
  const ids = Array.from({ length: MODELS }, () => randomUUID())
  await client.query(
    `INSERT INTO global_models (id, name, display_name, default_tiered_pricing, is_active, usage_count, created_at, updated_at)
     SELECT id, 'bench-model-' || n, 'Bench model ' || n, '{}', true, 0, now(), now()
     FROM unnest($1::text[]) WITH ORDINALITY AS new(id, n)`,
    [ids],
  )
  return ids
}

/** Copies provider keys of the fixtures until there are so many. */
async function copyProviderKeys(client: pg.Client, wanted: number): Promise<void> {
  await client.query(
    `INSERT INTO provider_api_keys
     SELECT (json_populate_record(old, json_build_object('id', md5(old.id || n), 'name', 'bench ' || n))).*
     FROM provider_api_keys old, generate_series(1, $1::int) n
     ORDER BY n LIMIT greatest($1::int - (SELECT count(*) FROM provider_api_keys), 0)`,
    [wanted],
  )
}

interface Pin {
  readonly provider_id: string
  readonly endpoint_id: string
  readonly key_id: string
}

const readPins = async (client: pg.Client): Promise<Pin[]> =>
  (
    await client.query<Pin>(
      `SELECT e.provider_id, e.id AS endpoint_id, k.id AS key_id
       FROM provider_api_keys k JOIN provider_endpoints e ON e.id = k.endpoint_id`,
    )
  ).rows

async function writeAffinities(
  redis: Redis,
  count: number,
  apiKeyIds: readonly string[],
  modelIds: readonly string[],
  pins: readonly Pin[],
): Promise<void> {
  const random = seeded(20_261_122)
  const now = Date.now() / 1_000
  const CHUNK = 5_000
  for (let start = 0; start < count; start += CHUNK) {
    const pipeline = redis.pipeline()
    for (let index = start; index < Math.min(start + CHUNK, count); index++) {
      const apiFormat = FORMATS[index % FORMATS.length] ?? ''
      const modelId = modelIds[Math.floor(index / apiKeyIds.length) % modelIds.length] ?? ''
      const affinityKey = apiKeyIds[index % apiKeyIds.length] ?? ''
      // Longer than any bench runs.
      const ttl = 7_200 + Math.floor(random() * 7_200)
      const pin = pins[Math.floor(random() * pins.length)]
      const value = JSON.stringify({
        ...pin,
        api_format: apiFormat,
        model_name: modelId,
        created_at: now - random() * 3_600,
        expire_at: now + ttl,
        request_count: 1 + Math.floor(random() * 500),
      })
      pipeline.set(cacheAffinity.encode({ affinityKey, apiFormat, modelId }), value, 'EX', ttl)
    }
    await pipeline.exec()
  }
}
