import { createDecrypter } from '../../gateway/aether/fernet.js'
import { differences } from '../../gateway/aether/schema/differences.js'
import { expectedTables } from '../../gateway/aether/schema/expected-tables.js'
import { readTables } from '../../gateway/aether/schema/inspect.js'
import { tryStoredKeys } from '../../gateway/aether/stored-keys.js'
import type { Database } from '../../postgres/database.js'
import type { Finding } from './finding.js'

/** Whether the tables are the gateway's. Unlike the start of the service it makes none. */
export async function tablesFit(database: Database): Promise<Finding> {
  const adapter = await database.sqlAdapterFactory.connect()
  try {
    const tables = await readTables(adapter, database.schemaName)
    if (tables.size === 0) {
      return {
        check: 'tables',
        state: 'warning',
        message: 'the database is empty: `serve` will make the tables',
      }
    }
    const problems = differences(expectedTables(database.prisma), tables)
    return problems.length === 0
      ? { check: 'tables', state: 'ok', message: 'as the gateway makes them' }
      : { check: 'tables', state: 'failed', message: problems.join(' ') }
  } finally {
    await adapter.dispose()
  }
}

/** Whether this user may read every table, and write the one that is written. */
export async function mayReadAndAudit({ prisma, schemaName }: Database): Promise<Finding> {
  const tables = expectedTables(prisma).map(({ name }) => name)
  const missing = await prisma.$queryRaw<{ table: string; privilege: string }[]>`
    SELECT c.relname AS "table", p.privilege
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
      unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS p(privilege)
    WHERE n.nspname = ${schemaName} AND c.relname = ANY(${tables})
      AND (p.privilege = 'SELECT' OR c.relname = 'audit_logs') AND NOT has_table_privilege(c.oid, p.privilege)
    ORDER BY 1, 2`
  if (missing.length === 0)
    return { check: 'rights', state: 'ok', message: 'may read all, and write audit_logs' }
  const grants = missing.map(({ table, privilege }) => `GRANT ${privilege} ON ${table}`)
  return {
    check: 'rights',
    state: 'failed',
    message: `the user of DATABASE_URL lacks rights: ${grants.join('; ')}`,
  }
}

/** Whether what the gateway has encrypted can be decrypted. */
export async function keysDecrypt(database: Database, encryptionKey: string): Promise<Finding> {
  const found = await tryStoredKeys(database, createDecrypter(encryptionKey)).catch(() => undefined)
  if (!found) return { check: 'keys', state: 'warning', message: 'not looked at: the tables cannot be read' }
  const { tried, readable } = found
  if (tried === 0) return { check: 'keys', state: 'warning', message: 'there is no stored key to try' }
  const message = `${readable} of ${tried} stored keys that were tried decrypt`
  if (readable === 0) {
    return { check: 'keys', state: 'failed', message: `${message}: ENCRYPTION_KEY is not the gateway’s` }
  }
  return { check: 'keys', state: readable === tried ? 'ok' : 'warning', message }
}

/** Up to here all API keys are read within some 5 ms. */
const API_KEYS_WITHOUT_INDEX = 30_000

/** Whether tables that are large have the indexes of deploy/postgres/indexes.sql, by whatever names. */
export async function hasIndexes({ prisma, schemaName }: Database): Promise<Finding> {
  const tables = await prisma.$queryRaw<{ name: string; rows: number; indexes: string }[]>`
    SELECT c.relname AS name, c.reltuples AS rows,
      coalesce(string_agg(pg_get_indexdef(i.indexrelid), ';') FILTER (WHERE i.indisvalid), '') AS indexes
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indrelid = c.oid
    WHERE n.nspname = ${schemaName} AND c.relname IN ('api_keys', 'users')
    GROUP BY c.oid`
  // PostgreSQL counts when it analyses a table, and has -1 before.
  const apiKeys = Math.max(0, tables.find(({ name }) => name === 'api_keys')?.rows ?? 0)
  const about = `about ${apiKeys.toLocaleString('en')} API keys`
  if (apiKeys <= API_KEYS_WITHOUT_INDEX) {
    return { check: 'indexes', state: 'ok', message: `${about}: the gateway’s own are enough` }
  }
  const hasAll =
    tables.every(({ indexes }) => indexes.includes('gin_trgm_ops')) &&
    tables.some(({ indexes }) => indexes.includes('(user_id)'))
  return hasAll
    ? { check: 'indexes', state: 'ok', message: `${about}, found by index` }
    : {
        check: 'indexes',
        state: 'warning',
        message: `${about}: a search reads all of them. deploy/postgres/indexes.sql makes it fast (see docs/operating.md, Capacity)`,
      }
}
