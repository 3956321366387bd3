import fc from 'fast-check'
import { expect, it } from 'vitest'
import { jsonOfLongLists } from '../../src/util/long-lists.js'

/** Values of which JSON makes something else, or nothing. */
const odd = fc.constantFrom<unknown>(
  undefined,
  () => 1,
  Symbol('s'),
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -0,
  new Date(0),
  Object(1),
  Object('text'),
  new Map([[1, 2]]),
  { toJSON: () => ({ short: 'of it' }) },
  { toJSON: 'a field of this name' },
  Object.assign(Object.create({ inherited: 1 }), { own: 1 }),
  // biome-ignore lint/suspicious/noSparseArray: JSON has null for a hole
  [, 1],
)
const text = fc.string({
  unit: fc.constantFrom('a', '"', '\\', '\n', 'é', '智', '😀', '\ud800', '\udc00', '\u2028'),
})

const { value } = fc.letrec<{ value: unknown; list: unknown[]; fields: object }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), odd),
    tie('list'),
    tie('fields'),
  ),
  list: fc.oneof(
    fc.array(tie('value'), { maxLength: 4 }),
    // A long list of records, of equal ones so that the value stays small.
    fc
      .tuple(tie('fields'), tie('value'), fc.integer({ min: 14, max: 18 }))
      .map(([first, last, length]) => [...Array.from({ length }, () => first), last]),
  ),
  fields: fc.dictionary(text, tie('value'), { maxKeys: 3, noNullPrototype: false }),
}))

it('writes any value as JSON.stringify does', () => {
  fc.assert(
    fc.property(value, (one) => {
      const written = jsonOfLongLists(one)
      expect(Buffer.isBuffer(written) ? written.toString() : written).toBe(JSON.stringify(one))
    }),
    { numRuns: 2_000 },
  )
})

const nodes = (length: number) => Array.from({ length }, (_, id) => ({ id, name: '智谱' }))

it('writes bytes if there is a long list anywhere, and a text otherwise', () => {
  const values = [
    nodes(16),
    { data: { list: { nodes: nodes(16) } } },
    { data: [{ nodes: [] }, { nodes: nodes(20) }], more: 1 },
  ]
  for (const one of values) {
    const written = jsonOfLongLists(one)
    expect(written).toBeInstanceOf(Buffer)
    expect(String(written)).toBe(JSON.stringify(one))
  }
  expect(jsonOfLongLists({ data: { list: { nodes: nodes(15) } } })).toBeTypeOf('string')
  expect(jsonOfLongLists(Array.from({ length: 100 }, (_, id) => id))).toBeTypeOf('string')
})

it('throws where JSON does', () => {
  const circle: Record<string, unknown> = { nodes: nodes(20) }
  expect(() => jsonOfLongLists([...nodes(20), 1n])).toThrow(TypeError)
  circle['nodes'] = [...nodes(20), circle]
  expect(() => jsonOfLongLists(circle)).toThrow()
})
