import { aliasNames } from '../../model-mappings/model-mapping-records.js'
import { mapDatabaseErrors } from '../../postgres/database-errors.js'
import type { GatewayRows, OwnedApiKey } from '../gateway.js'
import type { GlobalModelRow } from '../rows.js'
import {
  createPairReader,
  createTableReader,
  pairReading,
  type Reading,
  type RunQuery,
} from '../table-reader.js'
import { createCombiner } from './combined-reads.js'
import { expressionOf, type TableReading } from './fields.js'
import { type Look, reads } from './look.js'
import { createModelNames, createNameSearch } from './name-search.js'
import { createRoutingScopesReader } from './routing-scopes.js'
import { createScannedRows } from './scanned-rows.js'
import { createJudge } from './scheduler/judge.js'
import { createFactsReader } from './scheduler/read-facts.js'
import { createSchedulingModesReader } from './scheduling-modes.js'
import {
  API_KEYS,
  ENDPOINTS,
  GLOBAL_MODELS,
  MODEL_FACTS,
  MODELS,
  PROVIDER_KEYS,
  PROVIDERS,
  USERS,
} from './tables.js'

type Ids = readonly string[]

const nothing = async (): Promise<never[]> => []

/** Reads rows, or none where the tables have not what the statement needs. */
const rowsOf = <Row extends object>(
  query: RunQuery,
  reading: Reading<Row> | undefined,
  condition?: string | null,
): ((texts: Ids) => Promise<Row[]>) =>
  reading === undefined || condition === null ? nothing : createTableReader<Row>(query, reading, condition)

/** Whether these tables have a column. */
export const hasColumn = ({ tables }: Look, table: string, column: string): boolean =>
  tables.get(table)?.has(column) === true

/**
 * The statements of the store, made once for each look. Each is SQL of its own, past Prisma's client: planning costs more
 * than the statement where it is always the same, and Prisma's models hold only what all generations of the gateway have.
 */
export function createStatements(query: RunQuery, look: Look): GatewayRows {
  const [users, apiKeys, providers] = [reads(look, USERS), reads(look, API_KEYS), reads(look, PROVIDERS)]
  const models = reads(look, MODELS)
  const hasOwners = hasColumn(look, 'api_keys', 'user_id')
  const { combined } = createCombiner(query)
  const byIds = <Row extends object>(
    kind: string,
    reading: TableReading<Row> | undefined,
  ): ((ids: Ids) => Promise<Row[]>) => {
    if (!reading) return nothing
    const { table, id, selectForJson: select, rowOf } = reading
    const rest = (ids: string) => `FROM ${table} WHERE ${id} = ANY(${ids})`
    return combined({ kind, select, rest, rowOf }, createTableReader(query, reading))
  }
  const ownedApiKeys = (condition: string) => {
    if (!apiKeys) return nothing
    if (!users || !hasOwners) {
      const alone = createTableReader(query, apiKeys)
      return async (ids: Ids): Promise<OwnedApiKey[]> =>
        (await alone(ids)).map((apiKey) => ({ apiKey, owner: null }))
    }
    const read = createPairReader(query, apiKeys, users, 'user_id', condition)
    return async (ids: Ids): Promise<OwnedApiKey[]> =>
      (await read(ids)).map(({ row, other }) => ({ apiKey: row, owner: other }))
  }
  const apiKeysWithOwners = ownedApiKeys('api_keys.id = ANY($1)')
  const pairs = apiKeys && users && hasOwners && pairReading(apiKeys, users, 'user_id')
  const canServe = hasColumn(look, 'models', 'global_model_id') && hasColumn(look, 'models', 'provider_id')
  const activeOnly = [PROVIDERS.fields.isActive, MODEL_FACTS.fields.isActive]
    .flatMap((isActive) => expressionOf(isActive, look.tables, look.generation) ?? [])
    .map((isActive) => `${isActive} AND `)
    .join('')
  const servedBy =
    models && providers && canServe
      ? createPairReader(
          query,
          models,
          providers,
          'provider_id',
          `${activeOnly}models.global_model_id = ANY($1)`,
        )
      : nothing
  const named = ['id', 'username', 'email']
    .filter((column) => hasColumn(look, 'users', column))
    .map((column) => `${column} = ANY($1)`)
  const usersNamed = rowsOf(query, users, named.join(' OR '))
  const { globalModelsNamed, namesOfGlobalModels } = createModelNames(query, look)
  const readFacts = createFactsReader(query, look, globalModelsNamed)
  return {
    judge: async (ids) => createJudge(await readFacts(ids), ids, look.generation),
    users: byIds('users', users),
    apiKeys: byIds('apiKeys', apiKeys),
    apiKeysOfUsers: rowsOf(query, apiKeys, hasOwners ? 'user_id = ANY($1)' : null),
    apiKeysWithOwners: pairs
      ? combined(
          {
            kind: 'apiKeysWithOwners',
            select: [...apiKeys.selectForJson, ...users.selectForJson],
            rest: (ids) => `${pairs.from} WHERE ${apiKeys.id} = ANY(${ids})`,
            rowOf(values): OwnedApiKey {
              const { row, other } = pairs.rowOf(values)
              return { apiKey: row, owner: other }
            },
          },
          apiKeysWithOwners,
        )
      : apiKeysWithOwners,
    apiKeysWithSiblings: ownedApiKeys(
      'api_keys.user_id IN (SELECT user_id FROM api_keys WHERE id = ANY($1))',
    ),
    providers: byIds('providers', providers),
    endpoints: byIds('endpoints', reads(look, ENDPOINTS)),
    providerKeys: byIds('providerKeys', reads(look, PROVIDER_KEYS)),
    globalModels: byIds<GlobalModelRow>('globalModels', reads(look, GLOBAL_MODELS)),
    globalModelsNamed,
    namesOfGlobalModels,
    servingModels: async (globalModelIds) =>
      (await servedBy(globalModelIds)).flatMap(({ row, other }) =>
        other === null || row.globalModelId === null
          ? []
          : {
              globalModelId: row.globalModelId,
              names: [row.providerModelName, ...aliasNames(row.providerModelMappings)],
              provider: other,
            },
      ),
    schedulingModes: createSchedulingModesReader(query, look),
    routingScopes: createRoutingScopesReader(query, look),
    usersNamed: (text) => usersNamed([text]),
    idsNamed: createNameSearch(query, look),
    scannedRows: createScannedRows(query),
  }
}

/** The statement that fetches some stored keys of each kind. */
export function createStoredKeysReader(query: RunQuery, look: Look, count: number): () => Promise<unknown[]> {
  const { tables, generation } = look
  const some = [API_KEYS, PROVIDER_KEYS].flatMap((table) => {
    const stored = expressionOf(table.fields.storedKey, tables, generation)
    if (stored === undefined) return []
    // What is stored of another type is no key.
    const isKey = hasColumn(look, table.name, 'auth_type') ? ` AND auth_type = 'api_key'` : ''
    return [`(SELECT ${stored} FROM ${table.name} WHERE ${stored} IS NOT NULL${isKey} LIMIT ${count})`]
  })
  if (some.length === 0) return nothing
  const sql = some.join(' UNION ALL ')
  return () => mapDatabaseErrors(async () => (await query(sql, [])).map(([stored]) => stored))
}
