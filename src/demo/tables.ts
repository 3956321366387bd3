import type { Generation } from '../gateway/gateway.js'
import type { RunQuery } from '../gateway/table-reader.js'

/** The tables of the two later generations, with the columns that this service reads or writes. */
const SHARED: Readonly<Record<string, string>> = {
  users:
    'id text PRIMARY KEY, email text, username text NOT NULL, password_hash text, role text NOT NULL, is_active boolean NOT NULL, is_deleted boolean NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL',
  api_keys:
    'id text PRIMARY KEY, user_id text NOT NULL, key_hash text NOT NULL, key_encrypted text, name text, is_standalone boolean NOT NULL, is_active boolean NOT NULL, expires_at timestamptz, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL',
  providers:
    'id text PRIMARY KEY, name text NOT NULL, is_active boolean NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL',
  provider_endpoints:
    'id text PRIMARY KEY, provider_id text NOT NULL, api_format text, api_family text, endpoint_kind text, base_url text NOT NULL, is_active boolean NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL',
  provider_api_keys:
    'id text PRIMARY KEY, provider_id text NOT NULL, api_formats json, auth_type text NOT NULL, api_key text, name text NOT NULL, rate_multipliers json, cache_ttl_minutes integer NOT NULL, is_active boolean NOT NULL, expires_at timestamptz, circuit_breaker_by_format jsonb, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL',
  global_models:
    'id text PRIMARY KEY, name text NOT NULL, display_name text, is_active boolean NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL',
  models:
    'id text PRIMARY KEY, provider_id text NOT NULL, global_model_id text, provider_model_name text NOT NULL, provider_model_mappings jsonb, is_active boolean NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL',
  system_configs:
    'id text PRIMARY KEY, key text NOT NULL, value json, created_at timestamptz, updated_at timestamptz',
  audit_logs:
    'id text PRIMARY KEY, event_type text NOT NULL, user_id text, api_key_id text, description text NOT NULL, ip_address text, user_agent text, request_id text, event_metadata json, status_code integer, error_message text, created_at timestamptz NOT NULL',
}

/** By this table the newest generation is told from the others. */
const OF_RUST: Readonly<Record<string, string>> = {
  routing_groups:
    'id text PRIMARY KEY, enabled boolean NOT NULL, is_system_default boolean NOT NULL, config_json json',
}

/**
 * Makes the tables of a generation in an empty embedded database, in one statement. The migrations make those of the oldest.
 * @returns false if there are tables already, or if the migrations make them
 */
export async function createDemoTables(query: RunQuery, generation: Generation): Promise<boolean> {
  if (generation === 'ENDPOINT_KEYS') return false
  const there = await query(`SELECT to_regclass('users') IS NOT NULL`, [])
  if (there[0]?.[0] === true) return false
  const tables = generation === 'PROCESS_MEMORY' ? { ...SHARED, ...OF_RUST } : SHARED
  const statements = Object.entries(tables).map(([name, columns]) => `CREATE TABLE ${name} (${columns});`)
  await query(`DO $do$ BEGIN ${statements.join(' ')} END $do$`, [])
  return true
}
