import type { DimensionSets } from '../../affinities/affinity-selection.js'
import { mapDatabaseErrors } from '../../postgres/database-errors.js'
import { containing } from '../../util/text.js'
import type { RunQuery } from '../table-reader.js'

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

const isPlain = (letter: string): boolean => letter < '\x80' || letter.toLowerCase() === letter.toUpperCase()

/** A LIKE pattern for what holds a text that is `searchable`. */
const patternOf = (text: string): string => `%${searchable(text).replace(/[\\%_]/g, '\\$&')}%`

// In the C collation only ASCII is folded, by far the fastest; deploy/postgres/indexes.sql has indexes on the same terms.
const like = (columns: readonly string[], parameter: string): string =>
  columns.map((column) => `lower(${column} COLLATE "C") LIKE ${parameter}`).join(' OR ')

export const NAMED = {
  providerId: 'providers',
  providerKeyId: 'provider_api_keys',
  modelId: 'global_models',
} as const

const OWNERS_AND_OTHERS = [
  `SELECT 'owner', id, username, email FROM users WHERE ${like(['id', 'username', 'email'], '$1')}`,
  ...Object.entries(NAMED).map(
    ([dimension, table]) =>
      `SELECT '${dimension}', id, name, NULL FROM ${table} WHERE ${like(['name'], '$1')}`,
  ),
].join('\nUNION ALL ')

/** Owners come as a list and not as a join: so that either condition can use an index, and without any, each API key is looked at once. */
const API_KEYS = `SELECT id, user_id, name FROM api_keys WHERE user_id = ANY($1) OR ${like(['name'], '$2')}`

/**
 * Finds the ids of what has a text in its name (of an API key also in its user's id, username or email), without regard
 * to case: two statements find what may match, and `containing` has the last word.
 */
export function createNameSearch(query: RunQuery): (text: string) => Promise<DimensionSets> {
  return (text) =>
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
      for (const [kind, id, ...names] of await query(OWNERS_AND_OTHERS, [pattern])) {
        const isMatch = names.some((name) => typeof name === 'string' && matches(name))
        if (kind === 'owner') {
          if (isMatch || matches(String(id))) owners.add(String(id))
        } else if (isMatch) {
          found[kind as keyof typeof NAMED].add(String(id))
        }
      }
      for (const [id, userId, name] of await query(API_KEYS, [[...owners], pattern])) {
        if (owners.has(String(userId)) || (typeof name === 'string' && matches(name))) {
          found.affinityKey.add(String(id))
        }
      }
      return found
    })
}
