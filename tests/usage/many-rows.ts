/** Usage rows in number, for what the planner makes of them. */
import type { Folder } from './chain-model.js'

const USERS = 300
const API_KEYS = 1_000
const PROVIDER_KEYS = 20
const PROVIDERS = 8
const MODELS = 12
/** Conversations of 20 requests each, so many after each other in a period. */
const CONVERSATIONS_IN_TURN = 1_000
const REQUESTS_OF_A_CONVERSATION = 20

export interface ManyRows {
  readonly count: number
  readonly since: Date
  readonly until: Date
}

/**
 * SQL that spreads rows evenly over a period: conversations run beside each other, one request of ten is answered by another
 * provider key, and one of twenty failed. Each is settled where the gateway settles.
 */
export function manyRows(folder: Folder, { count, since, until }: ManyRows): string {
  const isOld = folder === 'endpoint-keys'
  const beside = Math.max(1, Math.round(count / (CONVERSATIONS_IN_TURN * REQUESTS_OF_A_CONVERSATION)))
  const stepMs = (until.getTime() - since.getTime()) / count
  const rows = `
    SELECT md5(n::text)::uuid::text AS id, md5('request' || n)::uuid::text AS request_id, n, talk,
           'user-' || talk % ${API_KEYS} % ${USERS} AS user_id, 'api-key-' || talk % ${API_KEYS} AS api_key_id,
           'provider-' || answering % ${PROVIDERS} AS provider_id, 'key-' || answering AS provider_key_id,
           'model-' || talk % ${MODELS} AS model, talk % 3 = 0 AS is_openai,
           timestamptz '${since.toISOString()}' + n::float8 * ${stepMs} * interval '1 millisecond' AS at
      FROM (SELECT n, talk, (talk + CASE WHEN n % 10 = 0 THEN n / 10 ELSE 0 END) % ${PROVIDER_KEYS} AS answering
              FROM (SELECT n, n % ${beside} + ${beside} * (n / ${beside * REQUESTS_OF_A_CONVERSATION}) AS talk
                      FROM generate_series(0, ${count - 1}) n) AS numbered) AS answered`
  const formats = isOld
    ? "CASE WHEN is_openai THEN 'OPENAI' ELSE 'CLAUDE' END"
    : "'claude:chat', CASE WHEN is_openai THEN 'openai:chat' ELSE 'claude:chat' END"
  const prices = isOld ? '3, 0.3, 3.75' : 'NULL, NULL, NULL'
  const settled = `
    INSERT INTO usage_settlement_snapshots (request_id, billing_status, rate_multiplier, input_price_per_1m, cache_read_price_per_1m,
      cache_creation_price_per_1m, billing_input_tokens, billing_effective_input_tokens, billing_cache_creation_tokens,
      billing_cache_read_tokens, billing_cache_creation_cost_usd, billing_cache_read_cost_usd, settlement_snapshot)
    SELECT request_id, 'settled', 1, 3, 0.3, 3.75, input_tokens, input_tokens, cache_creation_input_tokens, cache_read_input_tokens,
      cache_creation_cost_usd, cache_read_cost_usd, jsonb_build_object('note', repeat('s', 150)) FROM usage ORDER BY created_at;
    ANALYZE usage_settlement_snapshots;`
  return `
    INSERT INTO usage (id, request_id, ${isOld ? 'provider' : 'provider_name'}, user_id, api_key_id, provider_id, provider_api_key_id,
      model, ${isOld ? 'api_format' : 'api_format, endpoint_api_format'}, request_metadata, status, created_at, input_tokens,
      cache_read_input_tokens, cache_creation_input_tokens, input_price_per_1m, cache_read_price_per_1m,
      cache_creation_price_per_1m, input_cost_usd, cache_read_cost_usd, cache_creation_cost_usd)
    SELECT id, request_id, 'somebody', user_id, api_key_id, provider_id, provider_key_id, model, ${formats},
      json_build_object('client_session_affinity', json_build_object('session_key', md5(talk::text)), 'note', repeat('m', 250)),
      CASE WHEN n % 20 = 7 THEN 'failed' ELSE 'completed' END, at, 200, 9000, 600, ${prices}, 0.0006, 0.0027, 0.00225
      FROM (${rows}) AS given ORDER BY n;
    ANALYZE usage;
    ${folder === 'process-memory' ? settled : ''}`
}
