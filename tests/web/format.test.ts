import { expect, it } from 'vitest'
import { createFormat } from '../../web/src/hooks/use-format.js'

it.each([
  ['en', 'one, two, three'],
  ['zh-CN', 'one、two、three'],
])('a list in %s is written %s', (language, written) => {
  expect(createFormat(language).list(['one', 'two', 'three'])).toBe(written)
})

it.each([
  ['en', 1_234.567, '$1,234.57'],
  ['en', 0.0345, '$0.0345'],
  ['en', 0, '$0.00'],
  ['en', -0.5, '-$0.5000'],
  ['zh-CN', 12.4, '$12.40'],
])('in %s the money %d is written %s', (language, dollars, written) => {
  expect(createFormat(language).money(dollars)).toBe(written)
})
