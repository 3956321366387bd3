import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import pg from 'pg'
import { makeWorld, seeded } from './world.js'

/** Pins in all, as many as the newcomer had who tried the incident for the first time. */
export const PINS = 30_504
const API_KEYS = 3_051
const PROVIDERS = 8
const FORMATS = ['CLAUDE', 'CLAUDE_CLI', 'OPENAI', 'OPENAI_CLI', 'GEMINI', 'GEMINI_CLI']
/** Seconds: pins of the broken provider expire first, so that a list of the latest expiries does not show them. */
const SHORT_TTL = 300
const LONG_TTL = 3_600
/** Pins whose users the gateway looks at in one step: it has seen everybody once in some seconds. */
const STEP = 600
const SHARE_OF_BROKEN = 0.13
const LONG_NAME = 'a-name-of-two-hundred-characters-'.repeat(7).slice(0, 200)
const ODD_NAMES = [LONG_NAME, '很长的名字'.repeat(40), 'evil\u202Eresu', 'two words and <b>a tag</b>']

/** More providers, each with an endpoint of each format, three keys at each endpoint, and every model. */
const MORE_ROWS = `
ALTER TABLE users ALTER username TYPE varchar(200);
ALTER TABLE api_keys ALTER name TYPE varchar(200);
ALTER TABLE providers ALTER display_name TYPE varchar(200);
ALTER TABLE provider_api_keys ALTER name TYPE varchar(200);
INSERT INTO providers SELECT (json_populate_record(old, json_build_object(
  'id', md5('provider ' || n), 'name', 'extra-' || n, 'display_name', CASE n WHEN 1 THEN $1 ELSE 'Extra provider ' || n END))).*
  FROM providers old, generate_series(1, ${PROVIDERS} - (SELECT count(*)::int FROM providers)) n
  WHERE old.name = 'openai';
UPDATE providers SET is_active = true;
INSERT INTO provider_endpoints SELECT (json_populate_record(old, json_build_object(
  'id', md5(p.id || format), 'provider_id', p.id, 'api_format', format, 'base_url', 'https://' || p.name || '.example', 'is_active', true))).*
  FROM provider_endpoints old, providers p, unnest(ARRAY['${FORMATS.join("','")}']) format
  WHERE old.id = (SELECT min(id) FROM provider_endpoints) ON CONFLICT DO NOTHING;
UPDATE provider_endpoints SET is_active = true;
INSERT INTO provider_api_keys SELECT (json_populate_record(old, json_build_object(
  'id', md5(e.id || n), 'endpoint_id', e.id, 'is_active', e.provider_id <> (SELECT max(id) FROM providers) OR n > 1, 'circuit_breaker_open', false,
  'allowed_models', NULL, 'capabilities', NULL, 'name', CASE WHEN n = 3 AND e.api_format = 'OPENAI' THEN $1 ELSE p.name || '-' || lower(e.api_format) || '-' || n END))).*
  FROM provider_api_keys old, provider_endpoints e JOIN providers p ON p.id = e.provider_id, generate_series(1, 3) n
  WHERE old.id = (SELECT min(id) FROM provider_api_keys);
INSERT INTO models SELECT (json_populate_record(old, json_build_object(
  'id', md5(p.id || m.id), 'provider_id', p.id, 'global_model_id', m.id, 'provider_model_name', m.name, 'is_active', true))).*
  FROM models old, providers p, global_models m
  WHERE m.name LIKE 'bench-%' AND old.id = (SELECT min(id) FROM models);
UPDATE users SET is_active = false WHERE id IN (SELECT id FROM users WHERE username LIKE 'bench-%' ORDER BY id LIMIT 15);
`

interface Target {
  readonly provider_id: string
  readonly endpoint_id: string
  readonly key_id: string
  readonly format: string
}

export interface IncidentWorld {
  readonly broken: { readonly id: string; readonly name: string }
  /** Pins users who lost their pin, and refreshes others, until it is stopped: no more pins at the broken provider once it is off. */
  gateway(signal: AbortSignal): Promise<void>
}

/** Eight providers, of which one, whose pins have a short TTL, is about to break. */
export async function makeIncidentWorld(databaseUrl: string, redis: Redis): Promise<IncidentWorld> {
  await makeWorld(databaseUrl, redis, 0, { apiKeys: API_KEYS })
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(MORE_ROWS.replaceAll('$1', `'${LONG_NAME}'`))
    for (const [n, name] of ODD_NAMES.entries()) {
      await client.query('UPDATE users SET username = $1 WHERE username = $2', [name, `bench-user-00000${n}`])
    }
    const { rows: targets } = await client.query<Target>(
      `SELECT e.provider_id, e.id AS endpoint_id, k.id AS key_id, e.api_format AS format
       FROM provider_api_keys k JOIN provider_endpoints e ON e.id = k.endpoint_id WHERE k.id IN (md5(e.id || 1), md5(e.id || 2), md5(e.id || 3))`,
    )
    const idsOf = async (sql: string) => (await client.query<{ id: string; name: string }>(sql)).rows
    const keys = await idsOf(`SELECT id, name FROM api_keys WHERE name LIKE 'bench-%' ORDER BY name`)
    const models = await idsOf(`SELECT id, name FROM global_models WHERE name LIKE 'bench-%' ORDER BY name`)
    const [broken] = await idsOf(`SELECT id, display_name AS name FROM providers WHERE name = 'openai'`)
    if (!broken) throw new Error('The fixtures have no OpenAI.')
    return incidentWorld(redis, targets, keys, models, broken)
  } finally {
    await client.end()
  }
}

async function incidentWorld(
  redis: Redis,
  targets: readonly Target[],
  keys: readonly { readonly id: string }[],
  models: readonly { readonly id: string }[],
  broken: IncidentWorld['broken'],
): Promise<IncidentWorld> {
  const random = seeded(18)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const targetsOf = (format: string, atBroken: boolean) =>
    targets.filter((one) => one.format === format && (one.provider_id === broken.id) === atBroken)
  const kept = new Map(
    FORMATS.flatMap((format) =>
      [true, false].map((at) => [`${format}${at}`, targetsOf(format, at)] as const),
    ),
  )
  const identities = Array.from({ length: PINS }, (_, n) => ({
    key: keys[n % keys.length]?.id ?? '',
    format: FORMATS[n % FORMATS.length] ?? '',
    model: models[Math.floor(n / keys.length) % models.length]?.id ?? '',
  }))
  const nameOf = ({ key, format, model }: (typeof identities)[number]) =>
    `cache_affinity:${key}:${format}:${model}`

  function value(n: number, atBroken: boolean, age: number): readonly [string, string, 'EX', number] {
    const identity = identities[n] as (typeof identities)[number]
    const { format, ...target } = pick(kept.get(`${identity.format}${atBroken}`) ?? [])
    const ttl = atBroken ? SHORT_TTL : LONG_TTL
    const now = Date.now() / 1_000
    const record = {
      ...target,
      api_format: format,
      model_name: identity.model,
      created_at: now - age,
      expire_at: now + ttl,
      request_count: 1 + Math.floor(random() * 500),
    }
    return [nameOf(identity), JSON.stringify(record), 'EX', ttl]
  }

  let pipeline = redis.pipeline()
  for (let n = 0; n < PINS; n += 1) {
    pipeline.set(...value(n, random() < SHARE_OF_BROKEN, random() * 3_600))
    if (n % 5_000 === 4_999) {
      await pipeline.exec()
      pipeline = redis.pipeline()
    }
  }
  await pipeline.exec()

  return {
    broken,
    async gateway(signal) {
      // What is gone is pinned anew by the user's next request, nearly always elsewhere, since requests there fail.
      for (let at = 0; !signal.aborted; at = at + STEP < PINS ? at + STEP : 0) {
        const names = identities.slice(at, at + STEP)
        const found = await redis.mget(names.map(nameOf))
        const writes = redis.pipeline()
        for (const [offset, text] of found.entries()) {
          const n = at + offset
          if (text === null) writes.set(...value(n, random() < 0.02, 0))
          else if (random() < 0.03) {
            const record = JSON.parse(text)
            const ttl = record.provider_id === broken.id ? SHORT_TTL : LONG_TTL
            const used = {
              ...record,
              request_count: record.request_count + 1,
              expire_at: Date.now() / 1_000 + ttl,
            }
            // Not what a clear has removed since it was read.
            writes.set(nameOf(names[offset] as (typeof names)[number]), JSON.stringify(used), 'EX', ttl, 'XX')
          }
        }
        await writes.exec()
        await sleep(100)
      }
    },
  }
}
