import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Column, shownColumns, type TableView, table } from '../../src/cli/format.js'

type Row = readonly string[]

/** Fits `columns`, of which every second may be left out and every third holds numbers. */
function shown(rows: readonly Row[], view: TableView): string[] {
  const columns: Column<Row>[] = (rows[0] ?? []).map((_cell, index) => ({
    title: `C${index}`,
    value: (row) => row[index],
    ...(index % 2 === 1 && { rank: index }),
    ...(index % 3 === 2 && { align: 'right' as const }),
  }))
  const text = table(shownColumns(columns, rows, view), rows, { style: (_style, title) => title }, view)
  return text.trimEnd().split('\n')
}

const widthOf = (line: string) =>
  [...line].reduce((sum, character) => sum + (/\p{Script=Han}/u.test(character) ? 2 : 1), 0)

const cell = fc.stringMatching(/^[a-z0-9张伟]{1,60}$/u)
const rows = fc
  .integer({ min: 1, max: 12 })
  .chain((columns) =>
    fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 5 }),
  )

describe('a table', () => {
  it('fits in any width that two characters a column and the gaps leave', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 46, max: 300 }), (all, fits) => {
        for (const line of shown(all, { wide: false, fits })) expect(widthOf(line)).toBeLessThanOrEqual(fits)
      }),
    )
  })

  it('is the same as without a width where there is room', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const free = shown(all, { wide: false, fits: undefined })
        const widest = Math.max(...free.map(widthOf))
        expect(shown(all, { wide: false, fits: widest })).toEqual(free)
      }),
    )
  })

  it('leaves columns out before a text has less than eight characters', () => {
    const row = ['a'.repeat(20), 'b'.repeat(20), 'c'.repeat(20), 'd'.repeat(20)]
    expect(shown([row], { wide: false, fits: 56 })[0]).toMatch(/^C0 +C1 +C2 +C3$/)
    expect(shown([row], { wide: false, fits: 40 })[0]).toMatch(/^C0 +C1 +C2$/)
    const [head, cells] = shown([row], { wide: false, fits: 30 })
    expect(head).toMatch(/^C0 +C2$/)
    expect(cells).toBe(`${'a'.repeat(7)}…  ${'c'.repeat(20)}`)
  })

  it('cuts a name at 40 characters, and none with --wide', () => {
    const row = ['n'.repeat(60)]
    expect(shown([row], { wide: false, fits: undefined })[1]).toBe(`${'n'.repeat(39)}…`)
    expect(shown([row], { wide: true, fits: 20 })[1]).toBe('n'.repeat(60))
  })
})
