import { affinityLikeKeys } from '../../affinities/affinity-like-keys.js'
import { createForeignFamilies } from '../../affinities/family-counts.js'
import type { KeyFamilies } from '../../affinities/key-families.js'
import type { Gateway, Generation } from '../../gateway/gateway.js'
import type { Database } from '../../postgres/database.js'
import type { RedisClient } from '../../redis/client.js'
import { openTracking, TrackingRefusedError } from '../../redis/tracking.js'
import type { Finding } from './finding.js'

/** What each generation is, and what does not work beside it. */
const GENERATIONS: Readonly<Record<Generation, { readonly is: string; readonly lacks: readonly string[] }>> =
  {
    ENDPOINT_KEYS: {
      is: 'a Python gateway up to 0.2, whose provider keys belong to endpoints',
      lacks: ['pool sessions'],
    },
    PROVIDER_KEYS: {
      is: 'a Python gateway from 0.3 to 0.6, whose provider keys belong to providers',
      lacks: ['four of the six caches of models'],
    },
    PROCESS_MEMORY: {
      is: 'a Rust gateway from 0.7, whose processes decide by their own memory, which Redis only mirrors',
      lacks: ['caches of models', 'a reservation of capacity', 'clears by Redis alone'],
    },
  }

/** Checks that the tables are a gateway's, and which one's. */
export async function* checkTables({ schema }: Gateway): AsyncGenerator<Finding, void, undefined> {
  const found = await schema.inspect()
  if (found === 'empty') {
    yield {
      check: 'tables',
      state: 'failed',
      message:
        'The database is empty, so `serve` will not start: start the gateway once, which makes its tables, or name its database in DATABASE_URL, and its schema as ?schema=NAME.',
    }
    return
  }
  if (found.problems.length > 0) {
    yield { check: 'tables', state: 'failed', message: found.problems.join(' ') }
    return
  }
  const { generation, missing, hasPoolSessions } = found.traits
  const { is, lacks } = GENERATIONS[generation]
  const absent = [...lacks, ...(generation === 'PROVIDER_KEYS' && !hasPoolSessions ? ['pool sessions'] : [])]
  yield {
    check: 'tables',
    state: 'ok',
    message: `The tables are of the generation ${generation}: ${is}. It does not have ${absent.join(', ')}.`,
  }
  for (const { field, needs } of missing) {
    yield {
      check: 'tables',
      state: 'warning',
      message: `${field} is not known, so that it is null or its default: it needs ${needs}.`,
    }
  }
}

/** Checks that the gateway's scheduler goes by pins at all. */
export async function checkScheduling({ store }: Gateway): Promise<Finding> {
  const modes = await store.schedulingModes().catch(() => undefined)
  if (modes === undefined || modes.pinsAreHonoured === null) {
    return { check: 'scheduling', state: 'warning', message: 'The scheduling mode cannot be read.' }
  }
  return modes.pinsAreHonoured
    ? {
        check: 'scheduling',
        state: 'ok',
        message: `The scheduling mode ${modes.schedulingMode} goes by pins.`,
      }
    : {
        check: 'scheduling',
        state: 'warning',
        message: `The scheduling mode ${modes.schedulingMode} ignores pins: the gateway may write them, and does not go by them.`,
      }
}

/** Checks that sessions have what the service asks for, and that the database takes what it writes. */
export async function checkSession({ query }: Database): Promise<Finding> {
  const [row] = await query(
    "SELECT current_setting('transaction_read_only'), pg_is_in_recovery(), current_setting('TimeZone'), current_setting('statement_timeout'), current_setting('lock_timeout')",
    [],
  ).catch(() => [])
  if (!row) return { check: 'session', state: 'warning', message: 'The settings of sessions cannot be read.' }
  const [isReadOnly, isStandby, timeZone, statementTimeout, lockTimeout] = row
  if (isReadOnly !== 'on') {
    const message = `Sessions may write, have the time zone ${timeZone}, and wait up to ${statementTimeout} for a statement and ${lockTimeout} for a lock.`
    return { check: 'session', state: 'ok', message }
  }
  const why =
    isStandby === true
      ? 'it is a standby: name the primary in DATABASE_URL'
      : 'default_transaction_read_only is on for this user, this database or the server: set it to off for the user of DATABASE_URL, or name another server'
  return {
    check: 'session',
    state: 'failed',
    message: `The database is read-only, so audit events cannot be written and every clear is refused; ${why}.`,
  }
}

/** Checks that the user of DATABASE_URL may read every table and write `audit_logs`. */
export async function checkRights({ prisma, schemaName }: Database, { schema }: Gateway): Promise<Finding> {
  const missing = await prisma.$queryRaw<{ table: string; privilege: string }[]>`
    SELECT c.relname AS "table", p.privilege
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
      unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS p(privilege)
    WHERE n.nspname = ${schemaName} AND c.relname = ANY(${schema.tables})
      AND (p.privilege = 'SELECT' OR c.relname = 'audit_logs') AND NOT has_table_privilege(c.oid, p.privilege)
    ORDER BY 1, 2`
  if (missing.length === 0) {
    const message = 'The user of DATABASE_URL may read all tables and write audit_logs.'
    return { check: 'rights', state: 'ok', message }
  }
  const grants = missing.map(({ table, privilege }) => `GRANT ${privilege} ON ${table}`)
  return {
    check: 'rights',
    state: 'failed',
    message: `The user of DATABASE_URL lacks these rights: ${grants.join('; ')}`,
  }
}

/**
 * Checks that a user may read the tables of usage. If there are none, the check of the tables says so.
 * @param variable the URL that names the user
 */
export async function* checkUsageRights(
  { query, schemaName }: Database,
  { schema }: Gateway,
  variable: string,
): AsyncGenerator<Finding, void, undefined> {
  const rows = await query(
    `SELECT c.relname::text, has_table_privilege(c.oid, 'SELECT')
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = ANY($2) ORDER BY 1`,
    [schemaName, schema.usageTables],
  )
  const withheld = rows.flatMap(([table, mayRead]) => (mayRead === true ? [] : [String(table)]))
  if (withheld.length > 0) {
    const message = `The user of ${variable} lacks these rights, so figures of usage are not available: ${withheld.map((table) => `GRANT SELECT ON ${table}`).join('; ')}`
    yield { check: 'usage', state: 'warning', message }
  } else if (rows.length > 0) {
    yield { check: 'usage', state: 'ok', message: `The user of ${variable} may read the rows of usage.` }
  }
}

/** Checks that sessions and management tokens can be read, if the gateway has them. */
export async function checkSignIn({ directory }: Gateway): Promise<Finding> {
  const unreadable = await directory.unreadable()
  if (unreadable.length === 0) {
    return { check: 'sign-in', state: 'ok', message: 'The gateway’s tokens can be checked.' }
  }
  const tables = unreadable.join(' and ')
  return {
    check: 'sign-in',
    state: 'failed',
    message: `The user of DATABASE_URL may not read ${tables}, or a column is missing there, so tokens of the gateway are refused. \`login\` works.`,
  }
}

/** Checks that ENCRYPTION_KEY decrypts some of the API keys and provider keys that the gateway has stored. */
export async function checkStoredKeys(gateway: Gateway): Promise<Finding> {
  const found = await gateway.tryStoredKeys().catch(() => undefined)
  if (!found) {
    const message = 'The stored keys were not checked, because the tables cannot be read.'
    return { check: 'keys', state: 'warning', message }
  }
  const { tried, readable } = found
  if (tried === 0) {
    return { check: 'keys', state: 'warning', message: 'The database has no stored key to check.' }
  }
  const message = `ENCRYPTION_KEY decrypts ${readable} of ${tried} stored keys that were checked.`
  if (readable === 0) {
    return { check: 'keys', state: 'failed', message: `${message} ENCRYPTION_KEY is not the gateway’s.` }
  }
  return { check: 'keys', state: readable === tried ? 'ok' : 'warning', message }
}

/** PostgreSQL reads this number of API keys without an index within some 5 ms. */
const API_KEYS_WITHOUT_INDEX = 30_000

/** Checks that large tables have the indexes of deploy/postgres/indexes.sql, by whatever names. */
export async function checkIndexes({ schema }: Gateway): Promise<Finding> {
  const { apiKeys, complete } = await schema.searchIndexes()
  // PostgreSQL estimates nothing before it has analysed a table.
  const about =
    apiKeys === 0
      ? 'The database has few API keys'
      : `The database has about ${apiKeys.toLocaleString('en')} API keys`
  if (apiKeys <= API_KEYS_WITHOUT_INDEX) {
    return { check: 'indexes', state: 'ok', message: `${about}; the gateway’s own indexes are enough.` }
  }
  return complete
    ? { check: 'indexes', state: 'ok', message: `${about}, and the indexes to find them.` }
    : {
        check: 'indexes',
        state: 'warning',
        message: `${about}, and a search reads all of them. deploy/postgres/indexes.sql makes it fast: see docs/operating.md, Capacity.`,
      }
}

const NO_LISTENER = { changed: () => {}, flushed: () => {}, ended: () => {} }

/** Checks that Redis announces changes to this user, which the index needs. In a cluster it asks one master. */
export async function checkClientTracking(redis: RedisClient, families: KeyFamilies): Promise<Finding> {
  const [node] = 'nodes' in redis ? redis.nodes('master') : [redis]
  try {
    if (node) (await openTracking(node, families.roots, NO_LISTENER)).close()
    return { check: 'changes', state: 'ok', message: 'Redis announces each change of an affinity.' }
  } catch (error) {
    const why =
      error instanceof TrackingRefusedError ? 'refuses client tracking' : 'does not answer to client tracking'
    return {
      check: 'changes',
      state: 'warning',
      message: `Redis ${why}, so each request will scan all affinities. See docs/configuration.md, Rights in Redis.`,
    }
  }
}

/** Checks that Redis has no keys that look like affinities but are read by nobody: REDIS_KEY_PREFIX may be wrong. */
export async function checkKeyFamilies(redis: RedisClient, families: KeyFamilies): Promise<Finding> {
  const found = await createForeignFamilies({
    families,
    keys: () => affinityLikeKeys(redis, families),
  }).counts()
  if (found.length === 0) {
    return {
      check: 'families',
      state: 'ok',
      message: 'Redis has no affinities of an unknown form or prefix.',
    }
  }
  const counted = found.map(({ prefix, records }) => `${records.toLocaleString('en')} under ${prefix}`)
  return {
    check: 'families',
    state: 'warning',
    message: `Redis has keys that look like affinities but are not read: ${counted.join(', ')}. If the gateway puts a name before its keys, set it as REDIS_KEY_PREFIX.`,
  }
}
