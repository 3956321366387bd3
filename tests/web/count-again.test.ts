import { expect, it } from 'vitest'
import { type ClearStep, isToCountAgain } from '../../web/src/clears/use-clear.js'

const reviewed = (reason: string | null): ClearStep => {
  const failure = reason === null ? null : { message: '', reason: reason as 'network', cleared: 0 }
  const outcome = { cleared: 0, auditId: null, keys: [], failure, warnings: [], nodes: [] }
  return { name: 'review', plan: { outcome, rows: [], groups: null, countedAt: 0 } }
}

it('a count that failed as the server was lost, or the session over, is made again afterwards', () => {
  expect(['network', 'session'].map((reason) => isToCountAgain(reviewed(reason)))).toEqual([true, true])
})

it('a count that was made, and one that a store refused, stay as they are', () => {
  expect([null, 'CACHE_UNAVAILABLE', 'cache'].map((reason) => isToCountAgain(reviewed(reason)))).toEqual([
    false,
    false,
    false,
  ])
  expect(isToCountAgain({ name: 'clearing' })).toBe(false)
})
