import { mapDatabaseErrors } from '../../postgres/database-errors.js'
import type { RoutingScope } from '../gateway.js'
import type { RunQuery } from '../table-reader.js'
import { missingColumns } from './fields.js'
import type { Look } from './look.js'

/** Tables of routing groups, with the columns that name a group and its version. Older gateways have neither. */
const ROUTING_TABLES = [
  { table: 'routing_groups', id: 'id' },
  { table: 'routing_group_versions', id: 'group_id' },
] as const
/** More versions than this are not tried: each is one more hash to look for. */
const MAX_SCOPES = 10_000

/** Reads each routing group with each of its versions, and once without one; none if there are no such tables. */
export function createRoutingScopesReader(
  query: RunQuery,
  { tables }: Look,
): () => Promise<readonly RoutingScope[]> {
  const selects = ROUTING_TABLES.flatMap(({ table, id }) => {
    if (missingColumns(tables, [`${table}.${id}`]).length > 0) return []
    const withVersion = missingColumns(tables, [`${table}.version`]).length === 0
    return [
      ...(withVersion ? [`SELECT ${id}::text, version::text FROM ${table}`] : []),
      `SELECT ${id}::text, 'unversioned' FROM ${table}`,
    ]
  })
  if (selects.length === 0) return async () => []
  const sql = `${selects.join(' UNION ')} LIMIT ${MAX_SCOPES}`
  return () =>
    mapDatabaseErrors(async () =>
      (await query(sql, [])).map(([groupId, version]) => ({
        groupId: String(groupId),
        version: String(version),
      })),
    )
}
