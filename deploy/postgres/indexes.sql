-- Optional: indexes on the gateway's tables for installations with more than some 30,000 API keys. Without them a search
-- reads all users and API keys, and whatever starts from a user (a search by its name, filter.userId, clearUserCache)
-- reads all API keys; with them each costs what it finds. See docs/operating.md, Capacity.
--
--   psql "$DATABASE_URL" -f deploy/postgres/indexes.sql
--
-- psql does not know `schema=` in that URL: leave it out, and name the schema by PGOPTIONS='-c search_path=gateway,public'.
--
-- They lock nobody out while they are made, may be made again, and the gateway needs to know nothing of them: no column
-- that it writes with each request is in one. 13 MB at 100,000 API keys of 33,000 users. To be rid of them:
--
--   DROP INDEX affinityql_api_keys_user_id, affinityql_api_keys_name, affinityql_users_names;
--
-- An index whose making was interrupted stays behind as INVALID (\d api_keys): drop that one, and run this again.

-- Of PostgreSQL's own extras (Debian: in the package postgresql); the owner of the database may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE INDEX CONCURRENTLY IF NOT EXISTS affinityql_api_keys_user_id ON api_keys (user_id);

-- The terms are those of the statements in src/gateway/name-search.ts, or no statement would use them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS affinityql_api_keys_name ON api_keys
  USING gin (lower(name COLLATE "C") gin_trgm_ops);
CREATE INDEX CONCURRENTLY IF NOT EXISTS affinityql_users_names ON users
  USING gin (
    lower(id COLLATE "C") gin_trgm_ops,
    lower(username COLLATE "C") gin_trgm_ops,
    lower(email COLLATE "C") gin_trgm_ops
  );

-- What is in them, for the planner.
ANALYZE api_keys;
ANALYZE users;
