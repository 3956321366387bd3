import { expect, it } from 'vitest'
import { createChangeFilter } from '../../src/log/change-filter.js'

it('lets a state through once, and each other state of the same subject', () => {
  const changes = createChangeFilter()
  const isNew = ['away', 'away', 'refused', 'refused', 'away'].map((state) =>
    changes.isNew('database', state),
  )
  expect(isNew).toEqual([true, false, true, false, true])
  expect(changes.isNew('cache', 'away')).toBe(true)
})

it('takes errors of one message for one state', () => {
  const changes = createChangeFilter()
  expect(changes.isNew('file', new Error('not JSON'))).toBe(true)
  expect(changes.isNew('file', new Error('not JSON'))).toBe(false)
  expect(changes.isNew('file', new Error('no such file'))).toBe(true)
})

it('says how long a subject was out of order, and begins anew after that', () => {
  let now = 1_000
  const changes = createChangeFilter(() => now)
  expect(changes.ended('cache')).toBeUndefined()
  changes.isNew('cache', 'away')
  now = 1_250
  changes.isNew('cache', 'refused')
  now = 1_500
  expect(changes.ended('cache')).toBe(500)
  expect(changes.ended('cache')).toBeUndefined()
  expect(changes.isNew('cache', 'refused')).toBe(true)
})

it('forgets the oldest of very many subjects rather than to grow', () => {
  const changes = createChangeFilter()
  for (let n = 0; n <= 10_000; n += 1) changes.isNew(`key-${n}`, 'broken')
  expect(changes.isNew('key-1', 'broken')).toBe(false)
  expect(changes.isNew('key-0', 'broken')).toBe(true)
})
