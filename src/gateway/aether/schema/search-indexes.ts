import type { Database } from '../../../postgres/database.js'
import type { SearchIndexes } from '../../gateway-schema.js'

/** Looks for the indexes of deploy/postgres/indexes.sql, which the search by names uses, by whatever names. */
export async function searchIndexes({
  prisma,
  schemaName,
}: Pick<Database, 'prisma' | 'schemaName'>): Promise<SearchIndexes> {
  const tables = await prisma.$queryRaw<{ name: string; rows: number; indexes: string }[]>`
    SELECT c.relname AS name, c.reltuples AS rows,
      coalesce(string_agg(pg_get_indexdef(i.indexrelid), ';') FILTER (WHERE i.indisvalid), '') AS indexes
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indrelid = c.oid
    WHERE n.nspname = ${schemaName} AND c.relname IN ('api_keys', 'users')
    GROUP BY c.oid`
  return {
    // PostgreSQL counts when it analyses a table, and has -1 before.
    apiKeys: Math.max(0, tables.find(({ name }) => name === 'api_keys')?.rows ?? 0),
    complete:
      tables.every(({ indexes }) => indexes.includes('gin_trgm_ops')) &&
      tables.some(({ indexes }) => indexes.includes('(user_id)')),
  }
}
