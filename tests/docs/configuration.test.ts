import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { configurationTables } from '../../scripts/configuration-tables.js'
import { VARIABLE_NAMES } from '../../src/config/variables.js'

const PAGE = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

describe('docs/configuration.md', () => {
  it('is what the table of variables says: npm run schema writes it', () => {
    expect(PAGE).toBe(configurationTables(PAGE))
  })

  it('has a row for every variable, and no other', () => {
    const rows = [...PAGE.matchAll(/^\| `([A-Z][A-Z0-9_]+)` \|/gm)].map(([, name]) => name)
    expect(rows.toSorted()).toEqual(VARIABLE_NAMES.toSorted())
  })

  it('loses no table in silence', () => {
    expect(() =>
      configurationTables(PAGE.replace('variables of the traces', 'variables of nothing')),
    ).toThrow('traces')
  })
})
