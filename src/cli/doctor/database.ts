import type { Database } from '../../clients/database.js'
import { createDecrypter } from '../../security/fernet.js'
import { differences } from '../../stores/gateway-schema/differences.js'
import { expectedTables } from '../../stores/gateway-schema/expected-tables.js'
import { readTables } from '../../stores/gateway-schema/inspect.js'
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

/** Enough to tell a wrong key from a few rows that cannot be read. */
const KEYS_TRIED = 20

/** Whether what the gateway has encrypted can be decrypted. No key, and no part of one, is in the answer. */
export async function keysDecrypt(database: Database, encryptionKey: string): Promise<Finding> {
  const [apiKeys, providerKeys] = await Promise.all([
    database.prisma.apiKey.findMany({
      select: { keyEncrypted: true },
      where: { keyEncrypted: { not: null } },
      take: KEYS_TRIED,
    }),
    database.prisma.providerKey.findMany({ select: { apiKey: true }, take: KEYS_TRIED }),
  ]).catch(() => [undefined, undefined])
  if (!apiKeys || !providerKeys) {
    return { check: 'keys', state: 'warning', message: 'not looked at: the tables cannot be read' }
  }
  const decrypt = createDecrypter(encryptionKey)
  const stored = [
    ...apiKeys.map(({ keyEncrypted }) => keyEncrypted),
    ...providerKeys.map(({ apiKey }) => apiKey),
  ]
  const readable = stored.filter((text) => decrypt(text) !== undefined).length
  const message = `${readable} of ${stored.length} stored keys that were tried decrypt`
  if (stored.length === 0)
    return { check: 'keys', state: 'warning', message: 'there is no stored key to try' }
  if (readable === 0) {
    return { check: 'keys', state: 'failed', message: `${message}: ENCRYPTION_KEY is not the gateway’s` }
  }
  return { check: 'keys', state: readable === stored.length ? 'ok' : 'warning', message }
}
