import { beforeEach, expect, it } from 'vitest'
import { createRevocationCache, type RevocationCache } from '../../src/session/revocation-cache.js'

let now = 1_000
let memory: RevocationCache
beforeEach(() => {
  now = 1_000
  memory = createRevocationCache({ maxEntries: 2, now: () => now })
})

it('recalls a token until it expires', () => {
  memory.rememberClean('a', new Date(2_000))
  now = 1_999
  expect(memory.recall('a')).toBe('clean')
  now = 2_000
  expect(memory.recall('a')).toBeUndefined()
})

it('does not let a clean answer that comes late undo a revocation', () => {
  memory.rememberClean('a', new Date(2_000))
  memory.rememberRevoked('a', new Date(2_000))
  memory.rememberClean('a', new Date(2_000))
  expect(memory.recall('a')).toBe('revoked')
})

it('forgets the one not used for longest when it is full', () => {
  memory.rememberClean('a', new Date(2_000))
  memory.rememberClean('b', new Date(2_000))
  memory.recall('a')
  memory.rememberClean('c', new Date(2_000))
  expect(['a', 'b', 'c'].map(memory.recall)).toEqual(['clean', undefined, 'clean'])
})
