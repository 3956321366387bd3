import { describe, expect, it } from 'vitest'
import { readFirst, readOffset } from '../../src/resolvers/paging.js'
import { readSearchText } from '../../src/resolvers/selections.js'

const invalid = (field: string) => expect.objectContaining({ code: 'INVALID_INPUT', field })

describe('first', () => {
  it('is 100 where it is not given', () => {
    expect([readFirst(undefined), readFirst(null)]).toEqual([100, 100])
  })

  it('may be 1 to 1000, and is never clamped', () => {
    expect([1, 1000].map(readFirst)).toEqual([1, 1000])
    for (const first of [0, -1, 1001, 100_000, 2 ** 31 - 1, -(2 ** 31)])
      expect(() => readFirst(first), `${first}`).toThrow(invalid('first'))
  })
})

describe('offset', () => {
  it('is 0 where it is not given', () => {
    expect([readOffset(undefined, null), readOffset(null, 'cursor')]).toEqual([0, 0])
  })

  it('may be any number from 0 on, without after', () => {
    expect([0, 7, 2 ** 31 - 1].map((offset) => readOffset(offset, null))).toEqual([0, 7, 2 ** 31 - 1])
    expect(() => readOffset(-1, null)).toThrow(invalid('offset'))
    expect(() => readOffset(0, 'cursor')).toThrow(invalid('offset'))
  })
})

describe('a search or identifier', () => {
  it('is trimmed', () => {
    expect(readSearchText(' \t alice\n', 'search')).toBe('alice')
  })

  it('is refused when it is blank, too long or has a NUL', () => {
    for (const text of ['', '   ', '\u3000\n\t', 'x'.repeat(256), 'a\0b'])
      expect(() => readSearchText(text, 'search'), JSON.stringify(text)).toThrow(invalid('search'))
  })

  it('may have 255 characters, blanks around it and halves of surrogate pairs not counted', () => {
    expect(readSearchText(`  ${'x'.repeat(255)}  `, 'search')).toHaveLength(255)
    expect(readSearchText('😀'.repeat(255), 'search')).toHaveLength(510)
  })
})
