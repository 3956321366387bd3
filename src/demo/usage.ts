import type { Generation } from '../gateway/gateway.js'
import type { RunQuery } from '../gateway/table-reader.js'
import type { Random } from './ids.js'
import { demoRequests, usageRows } from './usage-rows.js'

const SEED = 20_261_127

/** Mulberry32: the same numbers at every start, so that the demo's figures stay as they are. */
function seeded(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const USAGE = (generation: Generation): string => `CREATE TABLE IF NOT EXISTS usage (id text PRIMARY KEY,
  request_id text NOT NULL UNIQUE, user_id text, api_key_id text,
  ${generation === 'ENDPOINT_KEYS' ? 'provider text NOT NULL' : 'provider_name text NOT NULL, endpoint_api_format text'},
  provider_id text, provider_endpoint_id text, provider_api_key_id text, model text NOT NULL, api_format text,
  input_tokens integer, cache_read_input_tokens integer, cache_creation_input_tokens integer, input_cost_usd float8,
  cache_read_cost_usd float8, cache_creation_cost_usd float8, rate_multiplier float8, input_price_per_1m float8,
  cache_read_price_per_1m float8, cache_creation_price_per_1m float8, status text NOT NULL, request_metadata json,
  created_at timestamptz NOT NULL);
  CREATE INDEX IF NOT EXISTS ix_usage_created_at ON usage (created_at);
  CREATE INDEX IF NOT EXISTS idx_usage_user_created ON usage (user_id, created_at);
  CREATE INDEX IF NOT EXISTS idx_usage_apikey_created ON usage (api_key_id, created_at);`

const SETTLED = `CREATE TABLE IF NOT EXISTS usage_settlement_snapshots (request_id text PRIMARY KEY, billing_status text NOT NULL,
  rate_multiplier float8, input_price_per_1m float8, cache_read_price_per_1m float8, cache_creation_price_per_1m float8,
  billing_effective_input_tokens bigint, billing_cache_read_tokens bigint, billing_cache_creation_tokens bigint,
  billing_cache_creation_5m_tokens bigint, billing_cache_creation_1h_tokens bigint, billing_cache_read_cost_usd float8,
  billing_cache_creation_cost_usd float8);`

/** Makes the tables of usage rows in the embedded database, which has the others already. */
export async function createDemoUsageTables(query: RunQuery, generation: Generation): Promise<void> {
  const tables = generation === 'PROCESS_MEMORY' ? USAGE(generation) + SETTLED : USAGE(generation)
  await query(`DO $do$ BEGIN ${tables} END $do$`, [])
}

/** Writes the requests of the last thirty days in place of those of an earlier start, all or none. */
export async function seedDemoUsage(query: RunQuery, generation: Generation, now: number): Promise<void> {
  const { usage, settled } = usageRows(demoRequests(now, seeded(SEED)), generation)
  const isSettled = generation === 'PROCESS_MEMORY'
  const into = (table: string, argument: string) =>
    `INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, ${argument}::json)
       ON CONFLICT (request_id) DO UPDATE SET ${table === 'usage' ? 'created_at = EXCLUDED.created_at' : 'billing_status = EXCLUDED.billing_status'}`
  // The same requests come at each start, at later times.
  const settle = isSettled ? `, settled AS (${into('usage_settlement_snapshots', '$2')})` : ''
  await query(
    `WITH requests AS (${into('usage', '$1')})${settle} SELECT 1`,
    isSettled ? [JSON.stringify(usage), JSON.stringify(settled)] : [JSON.stringify(usage)],
  )
}
