import { readFileSync } from 'node:fs'

const DATA = new URL('../fixtures/gateway-data.sql', import.meta.url)

/** A value and the separator before it: quoted text with doubled quotes, or a bare word. */
const VALUE = /(?:^|, )(?:'((?:[^']|'')*)'|([^', ]+))/g

/** The rows that the gateway's dump inserts into a table, by column; NULL is null, all else is text. */
export function gatewayRows(table: string): Record<string, string | null>[] {
  const insert = new RegExp(`^INSERT INTO public\\.${table} \\((.*?)\\) VALUES \\((.*)\\);$`, 'gm')
  return [...readFileSync(DATA, 'utf8').matchAll(insert)].map(([, columns = '', values = '']) => {
    const cells = [...values.matchAll(VALUE)].map(
      ([, quoted, bare = '']) => quoted?.replaceAll("''", "'") ?? (bare === 'NULL' ? null : bare),
    )
    const names = columns.split(', ')
    if (cells.length !== names.length)
      throw new Error(`${table}: ${cells.length} values, ${names.length} columns`)
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? null]))
  })
}
