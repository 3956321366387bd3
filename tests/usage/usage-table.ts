/** The usage table of gateways whose provider keys belong to endpoints, as far as figures are read from it. */
export const ENDPOINT_KEYS_USAGE = `CREATE TABLE usage (
  id varchar(36) PRIMARY KEY, user_id varchar(36), api_key_id varchar(36), request_id varchar(100) NOT NULL UNIQUE,
  provider varchar(100) NOT NULL, model varchar(100) NOT NULL, provider_id varchar(36), provider_api_key_id varchar(36),
  input_tokens integer, cache_creation_input_tokens integer, cache_read_input_tokens integer,
  input_cost_usd double precision, cache_creation_cost_usd double precision, cache_read_cost_usd double precision,
  rate_multiplier double precision, input_price_per_1m double precision, cache_creation_price_per_1m double precision,
  cache_read_price_per_1m double precision, api_format varchar(50), status varchar(20) NOT NULL, request_metadata json,
  created_at timestamptz NOT NULL);
  CREATE INDEX ix_usage_created_at ON usage (created_at)`
