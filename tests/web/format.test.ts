import { expect, it } from 'vitest'
import { createFormat } from '../../web/src/hooks/use-format.js'

it.each([
  ['en', 'one, two, three'],
  ['zh-CN', 'one、two、three'],
])('a list in %s is written %s', (language, written) => {
  expect(createFormat(language).list(['one', 'two', 'three'])).toBe(written)
})
