import { expect, it } from 'vitest'
import { rowAfter } from '../../web/src/pages/affinities/table/row-after.js'

const LAST = 9

it.each([
  ['ArrowDown', 3, 4],
  ['j', 3, 4],
  ['ArrowDown', 9, 9],
  ['ArrowUp', 3, 2],
  ['k', 0, 0],
  ['Home', 5, 0],
  ['End', 5, 9],
  ['Enter', 5, null],
])('%s leads from row %i to %s', (key, from, to) => {
  expect(rowAfter(key, from, true, LAST)).toBe(to)
})

it.each([
  ['ArrowDown', 3, 3],
  ['k', 3, 3],
  // The list has become shorter.
  ['j', 40, 9],
  // They scroll.
  ['Home', 3, null],
  ['End', 3, null],
])('%s leads to row %i, where the reader is, if no row has the focus: %s', (key, from, to) => {
  expect(rowAfter(key, from, false, LAST)).toBe(to)
})
