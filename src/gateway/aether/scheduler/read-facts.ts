import { setImmediate as nextTurn } from 'node:timers/promises'
import { mapDatabaseErrors } from '../../../postgres/database-errors.js'
import { parseJson } from '../../../util/text.js'
import type { GatewayStore } from '../../gateway.js'
import type { Reading, RunQuery } from '../../table-reader.js'
import type { PinIds } from '../../usability.js'
import { missingColumns, needsOf, type RowTable } from '../fields.js'
import { type Look, reads } from '../look.js'
import {
  API_KEY_FACTS,
  ENDPOINT_FACTS,
  GLOBAL_MODEL_FACTS,
  MODEL_FACTS,
  MOMENT_OF_READ,
  PROVIDER_FACTS,
  PROVIDER_KEY_FACTS,
  USER_FACTS,
} from '../tables.js'
import type { ApiKeyRows, Facts, ModelFacts } from './facts.js'
import { untoldReasons } from './untold.js'

/**
 * API keys in one statement, and in one turn of the event loop. Each statement reads the whole tables of API keys and owners, so
 * that fewer ones are better for very many; for some, several run at a time.
 */
const atOnce = (apiKeys: number): number => (apiKeys > 200_000 ? 100_000 : 50_000)
/** Statements at a time: a read of very many API keys leaves most connections of the pool to others. */
const STATEMENTS = 3
/** API keys up to which the owner of each is looked up: the planner would read all users, some thousands, to join a hundred. */
const PAGE = 1_000
const OWNER_OF_EACH =
  'LEFT JOIN LATERAL (SELECT * FROM users WHERE users.id = api_keys.user_id OFFSET 0) users ON true'
const OWNERS_OF_MANY = 'LEFT JOIN users ON users.id = api_keys.user_id'
const CONVERSION = 'enable_format_conversion'

/** Makes a part of the statement: a kind and all of its rows as one JSON, which costs the driver less than a row each. */
const part = (kind: string, select: readonly string[], rest: string): string =>
  `SELECT '${kind}', json_agg(json_build_array(${select.join(', ')}))::text ${rest}`

const withoutId = ({ select, idAt }: Reading<object>, instead: string): readonly string[] =>
  select.with(idAt, instead)

function rowWithoutId<Row extends { readonly id: string }>(
  reading: Reading<Row>,
  values: readonly unknown[],
): Omit<Row, 'id'> {
  const { id: _, ...row } = reading.rowOf(values)
  return row
}

/** PostgreSQL's text holds no NUL: such an id has no row, and would fail the statement for all the others. */
const isAskable = (id: string): boolean => !id.includes('\0')
const askable = (ids: readonly string[]): readonly string[] => ids.filter(isAskable)

/**
 * Reads all rows that decide about some pins: one statement for any number of providers, endpoints, provider keys and models
 * and for 50,000 API keys with their owners, and another one for each further 50,000, or 100,000 where there are more than 200,000;
 * one more before it where pins hold names.
 */
export function createFactsReader(
  query: RunQuery,
  look: Look,
  globalModelsNamed: GatewayStore['globalModelsNamed'],
): (ids: PinIds) => Promise<Facts> {
  const { tables, generation } = look
  const has = (...columns: readonly string[]) => missingColumns(tables, columns).length === 0
  const canFill = <Row extends object>(table: RowTable<Row>, ...names: readonly (keyof Row & string)[]) =>
    names.every((name) => needsOf(table.fields[name], tables, generation) === undefined)
  const read = <Row extends object>(table: RowTable<Row>) => reads(look, table)
  const [apiKeys, users] = [read(API_KEY_FACTS), read(USER_FACTS)]
  const [providers, endpoints] = [read(PROVIDER_FACTS), read(ENDPOINT_FACTS)]
  const [providerKeys, globalModels] = [read(PROVIDER_KEY_FACTS), read(GLOBAL_MODEL_FACTS)]
  const models = has('models.provider_id', 'models.global_model_id') ? read(MODEL_FACTS) : undefined
  const untold = new Set(untoldReasons(tables, generation).map(([reason]) => reason))
  const hasOwners = users !== undefined && has('api_keys.user_id')
  const namesDecide =
    generation === 'ENDPOINT_KEYS' &&
    has('models.provider_id', 'models.global_model_id') &&
    canFill(MODEL_FACTS, 'name', 'isActive') &&
    canFill(PROVIDER_FACTS, 'id', 'isActive') &&
    canFill(GLOBAL_MODEL_FACTS, 'id', 'name', 'isActive')

  const byIds = (kind: string, reading: Reading<object> | undefined, parameter: string): string[] =>
    reading
      ? [part(kind, reading.select, `FROM ${reading.table} WHERE ${reading.id} = ANY(${parameter})`)]
      : []
  // API keys with equal rows come together, since mostly many of them differ in their ids alone, and with the places of their
  // ids in the list, which are a sixth as long.
  const ofApiKeys = (owners: string): string[] => {
    if (!apiKeys) return []
    const columns = [
      ...withoutId(apiKeys, 'NULL'),
      ...(hasOwners ? withoutId(users, 'users.id IS NOT NULL') : []),
    ].map((sql, at) => ({ sql, name: sql === 'NULL' ? sql : `column_${at}` }))
    const grouped = columns.filter(({ sql }) => sql !== 'NULL')
    return [
      part(
        'apiKeys',
        [...columns.map(({ name }) => name), 'places'],
        `FROM (
          SELECT ${grouped.map(({ sql, name }) => `${sql} AS ${name}`).join(', ')}, json_agg(asked.place) AS places
          FROM unnest($1::text[]) WITH ORDINALITY AS asked(id, place)
            JOIN api_keys ON ${apiKeys.id} = asked.id ${hasOwners ? owners : ''}
          GROUP BY ${grouped.map((_, at) => at + 1).join(', ')}) alike`,
      ),
    ]
  }
  // If names decide, those that other providers have for the model count as well.
  const wantedModels = `models.global_model_id = ANY($5)${namesDecide ? '' : ' AND models.provider_id = ANY($2)'}`
  const taken = `FROM models JOIN providers ON providers.id = models.provider_id
      JOIN global_models ON global_models.id = models.global_model_id
    WHERE models.is_active AND providers.is_active AND global_models.is_active
      AND models.provider_model_name = ANY(ARRAY(
        SELECT name::text FROM global_models WHERE id = ANY($5)
        UNION SELECT provider_model_name::text FROM models WHERE global_model_id = ANY($5)))`
  const once = (owners: string) =>
    [
      part('clock', [`date_part('epoch', ${MOMENT_OF_READ})`], ''),
      ...(generation !== 'ENDPOINT_KEYS' && has('system_configs.key', 'system_configs.value')
        ? [part('setting', ['value'], `FROM system_configs WHERE key = '${CONVERSION}'`)]
        : []),
      ...ofApiKeys(owners),
      ...byIds('provider', providers, '$2'),
      ...byIds('endpoint', endpoints, '$3'),
      ...byIds('providerKey', providerKeys, '$4'),
      ...byIds('globalModel', globalModels, '$5'),
      ...(models ? [part('model', models.select, `FROM models WHERE ${wantedModels}`)] : []),
      ...(namesDecide ? [part('name', ['models.provider_model_name', 'models.global_model_id'], taken)] : []),
    ].join('\nUNION ALL ')
  // Each parameter has a type and a use, whatever tables there are.
  const parameters = [1, 2, 3, 4, 5].map((n) => `$${n}::text[] IS NOT NULL`).join(' AND ')
  const all = (owners: string) =>
    `${once(owners)}\nUNION ALL SELECT 'none', NULL WHERE false AND ${parameters}`
  const [ofPage, ofMany, more] = [all(OWNER_OF_EACH), all(OWNERS_OF_MANY), ofApiKeys(OWNERS_OF_MANY).join('')]

  const ownerOf = (values: readonly unknown[]): ApiKeyRows['owner'] => {
    if (!hasOwners) return undefined
    return values[users.idAt] === true ? rowWithoutId(users, values) : null
  }

  return async ({ affinityKey, providerId, endpointId, providerKeyId, modelId, modelName }) => {
    const names = askable(modelName)
    const named = new Map(
      (names.length > 0 ? await globalModelsNamed(names) : []).map(({ name, model }) => [name, model.id]),
    )
    const keys = askable(affinityKey)
    const size = atOnce(keys.length)
    const firstKeys = keys.slice(0, size)
    const facts = {
      now: Date.now() / 1_000,
      untold,
      convertsFormats: null as boolean | null,
      apiKeys: new Map<string, ApiKeyRows | null>(),
      providers: new Map(),
      endpoints: new Map(),
      providerKeys: new Map(),
      globalModels: new Map(),
      models: new Map<string, ModelFacts[]>(),
      names: namesDecide ? new Map<string, Set<string>>() : undefined,
      named,
    }
    const keep = <Row extends { readonly id: string }>(
      rows: Map<string, Row>,
      reading: Reading<Row> | undefined,
      values: readonly unknown[],
    ) => {
      const row = reading?.rowOf(values)
      if (row) rows.set(row.id, row)
    }
    const take: Readonly<Record<string, (values: readonly unknown[], found: ApiKeyRows[]) => void>> = {
      clock: ([now]) => {
        facts.now = Number(now)
      },
      setting: ([value]) => {
        facts.convertsFormats = truthOf(value)
      },
      apiKeys(values, found) {
        const places = values.at(-1)
        if (!apiKeys || !Array.isArray(places)) return
        const rows = {
          apiKey: rowWithoutId(apiKeys, values),
          owner: ownerOf(values.slice(apiKeys.select.length)),
        }
        for (const place of places) found[place - 1] = rows
      },
      provider: (values) => keep(facts.providers, providers, values),
      endpoint: (values) => keep(facts.endpoints, endpoints, values),
      providerKey: (values) => keep(facts.providerKeys, providerKeys, values),
      globalModel: (values) => keep(facts.globalModels, globalModels, values),
      model(values) {
        const row = models?.rowOf(values)
        if (!row) return
        const rows = facts.models.get(row.globalModelId)
        if (rows) rows.push(row)
        else facts.models.set(row.globalModelId, [row])
      },
      name([name, id]) {
        const ids = facts.names?.get(String(name))
        if (ids) ids.add(String(id))
        else facts.names?.set(String(name), new Set([String(id)]))
      },
    }
    const ask = (sql: string, args: readonly (readonly string[])[], plan?: 'kept') =>
      mapDatabaseErrors(() => query(sql, args, plan))
    const takeAll = (answer: Awaited<ReturnType<typeof ask>>, asked: readonly string[]) => {
      const found = new Array<ApiKeyRows>(asked.length)
      for (const [kind, json] of answer) {
        const takeRow = take[String(kind)]
        const rows = parseJson(String(json))
        // A kind without a row is null.
        if (takeRow && Array.isArray(rows))
          for (const values of rows) if (Array.isArray(values)) takeRow(values, found)
      }
      asked.forEach((id, at) => {
        facts.apiKeys.set(id, found[at] ?? null)
      })
    }
    const isPage = keys.length <= PAGE
    const others = [
      askable(providerId),
      askable(endpointId),
      askable(providerKeyId),
      [...askable(modelId), ...named.values()],
    ]
    const args = [firstKeys, ...others]
    const first = isPage ? ask(ofPage, args, 'kept') : ask(ofMany, args)
    let start = size
    const takeMore = async (): Promise<void> => {
      while (start < keys.length && more !== '') {
        const some = keys.slice(start, start + size)
        start += size
        takeAll(await ask(more, [some]), some)
        await nextTurn()
      }
    }
    // The database works at the next keys while these are taken.
    await Promise.all([
      first.then((answer) => takeAll(answer, firstKeys)),
      ...Array.from({ length: STATEMENTS - 1 }, takeMore),
    ])
    await takeMore()
    for (const id of affinityKey) if (!isAskable(id)) facts.apiKeys.set(id, null)
    return facts
  }
}

/** A setting as a truth; null if it is unset. */
function truthOf(value: unknown): boolean | null {
  if (typeof value === 'string') return !['', 'false', '0', 'no', 'off'].includes(value.trim().toLowerCase())
  return value === null || value === undefined ? null : Boolean(value)
}
