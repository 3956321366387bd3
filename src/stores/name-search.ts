import type { DimensionSets } from './affinity-selection.js'
import { guardDatabase } from './guard-database.js'
import type { RunQuery } from './table-reader.js'

/** Does a name contain this text, whatever the case of either? */
export function holdingText(text: string): (name: string) => boolean {
  const wanted = folded(text)
  // It is asked of each of 100,000 API keys: what sigma looks like matters only where one is wanted.
  if (!wanted.includes('σ')) return (name) => name.toLowerCase().includes(wanted)
  return (name) => folded(name).includes(wanted)
}

// Σ in small letters is ς at the end of a word, and a part of a name may end where the name goes on.
const folded = (text: string): string => text.toLowerCase().replaceAll('ς', 'σ')

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

// In the C collation only ASCII is folded, by far the fastest; LIKE would make patterns of `%` and `_`.
const holds = (columns: readonly string[]): string =>
  columns.map((column) => `strpos(lower(${column} COLLATE "C"), $1) > 0`).join(' OR ')

/** Users first, so that each is looked at once and not once for each of their API keys. */
const MATCHES = `
  WITH owners AS (SELECT id, username, email FROM users WHERE ${holds(['id', 'username', 'email'])})
  SELECT 'affinityKey', k.id, k.name, o.id, o.username, o.email
  FROM api_keys k LEFT JOIN owners o ON o.id = k.user_id
  WHERE o.id IS NOT NULL OR ${holds(['k.name'])}
  ${(
    [
      ['providerId', 'providers'],
      ['providerKeyId', 'provider_api_keys'],
      ['modelId', 'global_models'],
    ] as const
  )
    .map(
      ([dimension, table]) =>
        `UNION ALL SELECT '${dimension}', id, name, NULL, NULL, NULL FROM ${table} WHERE ${holds(['name'])}`,
    )
    .join('\n  ')}`

/**
 * Finds the ids of what has a text in its name (of an API key also in its user's id, username or email), without regard
 * to case: one statement finds what may match, and `holdingText` has the last word.
 */
export function createNameSearch(query: RunQuery): (text: string) => Promise<DimensionSets> {
  return (text) =>
    guardDatabase(async () => {
      const matches = holdingText(text)
      const found = {
        affinityKey: new Set<string>(),
        providerId: new Set<string>(),
        providerKeyId: new Set<string>(),
        modelId: new Set<string>(),
      }
      for (const [dimension, id, ...names] of await query(MATCHES, [searchable(text)])) {
        if (names.some((name) => typeof name === 'string' && matches(name))) {
          found[dimension as keyof typeof found].add(String(id))
        }
      }
      return found
    })
}
