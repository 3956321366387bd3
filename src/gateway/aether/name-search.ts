import { mapDatabaseErrors } from '../../postgres/database-errors.js'
import { containing } from '../../util/text.js'
import type { GatewayRows } from '../gateway.js'
import type { RunQuery } from '../table-reader.js'
import { missingColumns } from './fields.js'
import { type Look, reads } from './look.js'
import { GLOBAL_MODELS } from './tables.js'

/**
 * The longest part of a text that every database folds as JavaScript does: ASCII, and what has no case. How the rest,
 * such as `É`, is folded depends on the database's locale.
 */
function searchable(text: string): string {
  let [longest, part] = ['', '']
  for (const letter of text) {
    part = isPlain(letter) ? part + letter : ''
    if (part.length > longest.length) longest = part
  }
  return longest.toLowerCase()
}

type Rows = Awaited<ReturnType<RunQuery>>

/** API keys in one statement: rows of very many at once would fill the memory, and block the event loop. */
const AT_ONCE = 2_500

const isPlain = (letter: string): boolean => letter < '\x80' || letter.toLowerCase() === letter.toUpperCase()

/** A text as a part of a LIKE pattern. */
export const literal = (text: string): string => text.replace(/[\\%_]/g, '\\$&')

/** A LIKE pattern for what holds a text that is `searchable`. */
export const patternOf = (text: string): string => `%${literal(searchable(text))}%`

// In the C collation only ASCII is folded, by far the fastest; deploy/postgres/indexes.sql has indexes on the same terms.
const like = (columns: readonly string[], parameter: string): string =>
  columns.map((column) => `lower(${column} COLLATE "C") LIKE ${parameter}`).join(' OR ')

export const NAMED = {
  providerId: 'providers',
  providerKeyId: 'provider_api_keys',
  modelId: 'global_models',
} as const

/** Users and others whose names hold a text; the columns of a table that are not there are null. Undefined where no table is there. */
function ownersAndOthers({ tables }: Look): string | undefined {
  const has = (column: string) => missingColumns(tables, [column]).length === 0
  const ownerColumns = ['id', 'username', 'email'].filter((column) => has(`users.${column}`))
  const [username, email] = ['username', 'email'].map((column) =>
    ownerColumns.includes(column) ? column : 'NULL',
  )
  const parts = [
    ...(ownerColumns.includes('id')
      ? [`SELECT 'owner', id, ${username}, ${email} FROM users WHERE ${like(ownerColumns, '$1')}`]
      : []),
    ...Object.entries(NAMED).flatMap(([dimension, table]) =>
      has(`${table}.id`) && has(`${table}.name`)
        ? [`SELECT '${dimension}', id, name, NULL FROM ${table} WHERE ${like(['name'], '$1')}`]
        : [],
    ),
  ]
  return parts.length > 0 ? parts.join('\nUNION ALL ') : undefined
}

/**
 * Owners come as a list and not as a join: so that either condition can use an index, and without any, each API key is looked
 * at once. Undefined where no API key can be told.
 */
function apiKeysNamed({ tables }: Look): string | undefined {
  const has = (column: string) => missingColumns(tables, [`api_keys.${column}`]).length === 0
  if (!has('id')) return undefined
  const [owner, name] = [has('user_id') ? 'user_id' : 'NULL', has('name') ? 'name' : 'NULL']
  return `SELECT id, ${owner}, ${name} FROM api_keys WHERE (${owner} = ANY($1) OR ${like([name], '$2')})`
}

/**
 * Finds the ids of what has a text in its name (of an API key also in its user's id, username or email), without regard
 * to case: two statements find what may match, with further ones for more than 2,500 API keys, and `containing` has the last word. If pins hold names of models, it adds
 * every name of the models found.
 */
export function createNameSearch(query: RunQuery, look: Look): GatewayRows['idsNamed'] {
  const [others, apiKeys] = [ownersAndOthers(look), apiKeysNamed(look)]
  // Without an order it can use whatever index there is; in the order of their ids very many are read in pieces.
  const few = `${apiKeys} LIMIT ${AT_ONCE + 1}`
  const first = `${apiKeys} ORDER BY id LIMIT ${AT_ONCE}`
  const next = `${apiKeys} AND id > $3 ORDER BY id LIMIT ${AT_ONCE}`
  const { namesOfGlobalModels } = createModelNames(query, look)
  return (text, isWanted = () => true) =>
    mapDatabaseErrors(async () => {
      const matches = containing(text)
      const pattern = patternOf(text)
      const found = {
        affinityKey: new Set<string>(),
        providerId: new Set<string>(),
        providerKeyId: new Set<string>(),
        modelId: new Set<string>(),
      }
      const owners = new Set<string>()
      for (const [kind, id, ...names] of others === undefined ? [] : await query(others, [pattern])) {
        const isMatch = names.some((name) => typeof name === 'string' && matches(name))
        if (kind === 'owner') {
          if (isMatch || matches(String(id))) owners.add(String(id))
        } else if (isMatch) {
          found[kind as keyof typeof NAMED].add(String(id))
        }
      }
      const asked = [...owners]
      const take = (rows: Rows) => {
        for (const [id, userId, name] of rows) {
          const isMatch = owners.has(String(userId)) || (typeof name === 'string' && matches(name))
          if (isMatch && isWanted(String(id))) found.affinityKey.add(String(id))
        }
      }
      let rows = apiKeys === undefined ? [] : await query(few, [asked, pattern])
      if (rows.length <= AT_ONCE) take(rows)
      else {
        rows = await query(first, [asked, pattern])
        take(rows)
        while (rows.length === AT_ONCE) {
          rows = await query(next, [asked, pattern, String(rows.at(-1)?.[0])])
          take(rows)
        }
      }
      if (look.generation === 'PROCESS_MEMORY' && found.modelId.size > 0) {
        for (const name of await namesOfGlobalModels([...found.modelId])) found.modelId.add(name)
      }
      return found
    })
}

/** Each source of names that lead to a global model, in the order in which the gateway asks them. */
function namesOfModels({
  tables,
}: Look): { readonly select: string; readonly name: string; readonly id: string }[] {
  const has = (...columns: readonly string[]) => missingColumns(tables, columns).length === 0
  if (!has('global_models.id', 'global_models.name')) return []
  const sources = [
    { select: 'FROM global_models WHERE true', name: 'global_models.name', id: 'global_models.id' },
  ]
  if (!has('models.global_model_id')) return sources
  const id = 'models.global_model_id'
  const type = tables.get('models')?.get('provider_model_mappings')
  if (type === 'json' || type === 'jsonb') {
    const mappings = 'models.provider_model_mappings::jsonb'
    // The cast of a CASE is not evaluated where its condition does not hold.
    const list = `CASE WHEN jsonb_typeof(${mappings}) = 'array' THEN ${mappings} ELSE '[]' END`
    sources.push({
      select: `FROM models, jsonb_array_elements(${list}) AS mapping WHERE true`,
      name: "mapping ->> 'name'",
      id,
    })
  }
  if (has('models.provider_model_name')) {
    sources.push({ select: 'FROM models WHERE true', name: 'models.provider_model_name', id })
  }
  return sources
}

/** Reads global models by the names that lead to them, and the other way round. */
export function createModelNames(
  query: RunQuery,
  look: Look,
): Pick<GatewayRows, 'globalModelsNamed' | 'namesOfGlobalModels'> {
  const models = reads(look, GLOBAL_MODELS)
  const sources = namesOfModels(look)
  if (!models || sources.length === 0) {
    return { globalModelsNamed: async () => [], namesOfGlobalModels: async () => [] }
  }
  const { rowOf } = models
  const asked = sources.map(
    ({ select, name, id }, place) =>
      `SELECT (${name})::text AS name, ${id} AS id, ${place} AS place ${select} AND (${name})::text = ANY($1)`,
  )
  const byName = `
    SELECT found.name, ${models.select.join(', ')}
    FROM (SELECT DISTINCT ON (name) name, id FROM (${asked.join(' UNION ALL ')}) AS asked
          WHERE id IS NOT NULL ORDER BY name, place, id) AS found
    JOIN global_models ON global_models.id = found.id`
  const byId = sources
    .map(({ select, name, id }) => `SELECT (${name})::text ${select} AND ${id} = ANY($1)`)
    .join(' UNION ')

  async function globalModelsNamed(names: readonly string[]) {
    const rows = await mapDatabaseErrors(() => query(byName, [names]))
    return rows.map(([name, ...values]) => ({ name: String(name), model: rowOf(values) }))
  }
  return {
    globalModelsNamed,
    async namesOfGlobalModels(ids) {
      // PostgreSQL refuses a NUL character, so that no model has such an id.
      const possible = ids.filter((id) => !id.includes('\0'))
      const rows = await mapDatabaseErrors(() => query(byId, [possible]))
      const names = rows.flatMap(([name]) => (typeof name === 'string' ? [name] : []))
      // A name of two models leads to one of them alone.
      const wanted = new Set(ids)
      const leading = names.length > 0 ? await globalModelsNamed(names) : []
      return leading.flatMap(({ name, model }) => (wanted.has(model.id) ? [name] : []))
    },
  }
}
