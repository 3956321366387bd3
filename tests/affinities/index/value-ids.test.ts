import { beforeEach, expect, test, vi } from 'vitest'
import { Int32Rows } from '../../../src/affinities/index/columns.js'
import { Postings } from '../../../src/affinities/index/postings.js'
import { idsOf, prepareIds } from '../../../src/affinities/index/value-ids.js'
import { TimeSlice } from '../../../src/util/time-slice.js'

const COUNT = 6_000
const names = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `value-${from + n}`)

let postings: Postings
beforeEach(() => {
  postings = new Postings(new Int32Rows(1), 0)
  names(0, COUNT).forEach((name, slot) => {
    postings.add(slot, name)
  })
})

/** Those of the values that `idsOf` finds, and that records hold. */
const held = (values: ReadonlySet<string>) =>
  idsOf(postings, values)
    .filter((id) => postings.count(id) > 0)
    .map((id) => postings.valueOf(id))
    .sort()

/** The values that records hold, looked for one by one. */
const expected = (values: ReadonlySet<string>) =>
  [...values].filter((value) => postings.idOf(value) >= 0).sort()

const lookUps = () => vi.spyOn(postings, 'idOf')

test('very many values are looked for once, however many ask', () => {
  const values = new Set(names(1_000, 6_500))
  const before = expected(values)
  const looked = lookUps()
  for (let n = 0; n < 10; n += 1) expect(held(values)).toEqual(before)
  expect(looked).toHaveBeenCalledTimes(values.size)
})

test('a few values are looked for each time', () => {
  const values = new Set(names(5_990, 6_010))
  const looked = lookUps()
  for (let n = 0; n < 3; n += 1) expect(held(values)).toEqual(names(5_990, 6_000))
  expect(looked).toHaveBeenCalledTimes(3 * values.size)
})

test.each([
  ['few', 100],
  ['more than are told one by one', 5_000],
])('values that come and go are right though their ids are used again: %s', (_few, changes) => {
  const values = new Set(names(500, 5_900))
  expect(held(values)).toEqual(expected(values))
  for (let slot = 0; slot < changes; slot += 1) postings.remove(slot)
  expect(held(values)).toEqual(expected(values))
  // The ids of those that went are given to others, of which some are asked for.
  names(6_000, 6_000 + changes).forEach((name, slot) => {
    postings.add(slot, slot % 2 === 0 ? name : `value-${500 + ((slot * 7) % 300)}`)
  })
  expect(held(values)).toEqual(expected(values))
  for (const value of names(6_000, 6_010)) values.add(value)
  expect(held(values)).toEqual(expected(values))
})

test('the same values stand for other ids in another index', () => {
  const values = new Set(names(0, 5_000))
  expect(held(values)).toHaveLength(5_000)
  postings = new Postings(new Int32Rows(1), 0)
  names(4_999, 10_000).forEach((name, slot) => {
    postings.add(slot, name)
  })
  expect(held(values)).toEqual(['value-4999'])
})

test('who prepares the same values shares one look, and what changes meanwhile is seen', async () => {
  const values = new Set(names(0, 5_500))
  const looked = lookUps()
  const clock = vi.spyOn(performance, 'now')
  // Each look at the clock ends a slice.
  let now = 0
  clock.mockImplementation(() => (now += 10))
  const prepared = [1, 2, 3].map(() => prepareIds(postings, values, new TimeSlice()))
  expect(looked.mock.calls.length).toBeLessThan(100)
  postings.remove(3)
  postings.add(3, 'value-9999')
  postings.remove(5_000)
  postings.add(5_000, 'value-3')
  await Promise.all(prepared)
  clock.mockRestore()
  expect(looked).toHaveBeenCalledTimes(values.size)
  const found = held(values)
  expect(looked).toHaveBeenCalledTimes(values.size)
  expect(found).toEqual(expected(values))
})
