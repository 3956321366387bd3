import { mapDatabaseErrors } from '../../postgres/database-errors.js'
import { remembered } from '../../util/promises.js'
import type { ScannedRows } from '../gateway.js'
import type { RunQuery } from '../table-reader.js'
import { NAMED } from './name-search.js'

/** Milliseconds for which an estimate is used. */
const ESTIMATE_FOR_MS = 60_000

/** The searched tables with their rows and the definitions of their indexes. A row of a table that was never analysed takes some 200 bytes. */
const TABLES = `SELECT name, CASE WHEN c.reltuples >= 0 THEN c.reltuples ELSE pg_relation_size(c.oid) / 200 END::float8,
    (SELECT string_agg(pg_get_indexdef(i.indexrelid), ';') FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid)
  FROM unnest($1::text[]) AS name JOIN pg_class c ON c.oid = to_regclass(name)`

/** Estimates the rows that reads without an index look at; deploy/postgres/indexes.sql has the indexes. */
export const createScannedRows = (query: RunQuery): (() => Promise<ScannedRows>) =>
  remembered(
    () =>
      mapDatabaseErrors(async () => {
        const tables = await query(TABLES, [['users', 'api_keys', ...Object.values(NAMED)]])
        let [search, apiKeysOfUsers] = [0, 0]
        const rowsOf = new Map<unknown, number>()
        for (const [name, rows, indexes] of tables) {
          rowsOf.set(name, Number(rows))
          if (!String(indexes).includes('gin_trgm_ops')) search += Number(rows)
          if (name === 'api_keys' && !String(indexes).includes('(user_id)')) apiKeysOfUsers = Number(rows)
        }
        const lists = {
          users: rowsOf.get('users') ?? 0,
          providers: rowsOf.get(NAMED.providerId) ?? 0,
          providerKeys: rowsOf.get(NAMED.providerKeyId) ?? 0,
          globalModels: rowsOf.get(NAMED.modelId) ?? 0,
        }
        return { search, apiKeysOfUsers, lists }
      }),
    ESTIMATE_FOR_MS,
  )
