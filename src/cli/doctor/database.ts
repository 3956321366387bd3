import type { Gateway } from '../../gateway/gateway.js'
import type { Database } from '../../postgres/database.js'
import type { Finding } from './finding.js'

/** Whether the tables are the gateway's. Unlike the start of the service it makes none. */
export async function tablesFit({ schema }: Gateway): Promise<Finding> {
  const found = await schema.inspect()
  if (found === 'empty') {
    return {
      check: 'tables',
      state: 'warning',
      message: 'the database is empty: `serve` will make the tables',
    }
  }
  return found.problems.length === 0
    ? { check: 'tables', state: 'ok', message: 'as the gateway makes them' }
    : { check: 'tables', state: 'failed', message: found.problems.join(' ') }
}

/** Whether this user may read every table, and write the one that is written. */
export async function mayReadAndAudit(
  { prisma, schemaName }: Database,
  { schema }: Gateway,
): Promise<Finding> {
  const missing = await prisma.$queryRaw<{ table: string; privilege: string }[]>`
    SELECT c.relname AS "table", p.privilege
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
      unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS p(privilege)
    WHERE n.nspname = ${schemaName} AND c.relname = ANY(${schema.tables})
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
export async function keysDecrypt(gateway: Gateway): Promise<Finding> {
  const found = await gateway.tryStoredKeys().catch(() => undefined)
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

/** Whether tables that are large have the indexes of deploy/postgres/indexes.sql. */
export async function hasIndexes({ schema }: Gateway): Promise<Finding> {
  const { apiKeys, complete } = await schema.searchIndexes()
  const about = `about ${apiKeys.toLocaleString('en')} API keys`
  if (apiKeys <= API_KEYS_WITHOUT_INDEX) {
    return { check: 'indexes', state: 'ok', message: `${about}: the gateway’s own are enough` }
  }
  return complete
    ? { check: 'indexes', state: 'ok', message: `${about}, found by index` }
    : {
        check: 'indexes',
        state: 'warning',
        message: `${about}: a search reads all of them. deploy/postgres/indexes.sql makes it fast (see docs/operating.md, Capacity)`,
      }
}
