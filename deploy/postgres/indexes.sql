-- These optional indexes on the gateway's tables help installations with more than about 30,000 API keys. Without them a
-- search reads all users and API keys, and each request for one user (a search by the user's name, filter.userId,
-- clearUserCache) reads all API keys. With them each request reads only what it finds. See docs/operating.md, Capacity.
--
--   psql "$DATABASE_URL" -f deploy/postgres/indexes.sql
--
-- psql does not know `schema=` in that URL: leave it out, and name the schema by PGOPTIONS='-c search_path=gateway,public'.
--
-- PostgreSQL builds them without a lock on writes, and you may run this file again. The gateway need not know of them: they
-- have no column that it writes with each request. They take 13 MB at 100,000 API keys of 33,000 users. To remove them:
--
--   DROP INDEX affinityql_api_keys_user_id, affinityql_api_keys_name, affinityql_users_names;
--
-- An interrupted run leaves an INVALID index (\d api_keys shows it): drop this index, and run the file again.

-- The extension comes with PostgreSQL (in Debian's package postgresql), and the database's owner may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE INDEX CONCURRENTLY IF NOT EXISTS affinityql_api_keys_user_id ON api_keys (user_id);

-- The expressions must be those of the statements in src/gateway/aether/name-search.ts; otherwise no statement uses the indexes.
CREATE INDEX CONCURRENTLY IF NOT EXISTS affinityql_api_keys_name ON api_keys
  USING gin (lower(name COLLATE "C") gin_trgm_ops);
CREATE INDEX CONCURRENTLY IF NOT EXISTS affinityql_users_names ON users
  USING gin (
    lower(id COLLATE "C") gin_trgm_ops,
    lower(username COLLATE "C") gin_trgm_ops,
    lower(email COLLATE "C") gin_trgm_ops
  );

-- The planner needs statistics of the new indexes.
ANALYZE api_keys;
ANALYZE users;
