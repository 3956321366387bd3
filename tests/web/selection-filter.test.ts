import { describe, expect, it } from 'vitest'
import { selectionFilter } from '../../web/src/pages/affinities/selection-filter.js'

const nobody = { matchedUser: null, matchedApiKey: null }
const alice = { matchedUser: { id: 'alice-id', username: 'alice' }, matchedApiKey: null }
const key = { matchedUser: null, matchedApiKey: { id: 'key-id', name: 'prod' } }

describe('what the list shows, as a filter that a clear can take', () => {
  it('is the filter where nothing is searched for', () => {
    expect(selectionFilter('', { providerId: 'p' }, null)).toEqual({ providerId: 'p' })
    expect(selectionFilter('', null, null)).toBeNull()
  })

  it('is the user or the API key that the search was taken for, within the filter', () => {
    expect(selectionFilter('alice', { providerId: 'p' }, alice)).toEqual({
      providerId: 'p',
      userId: 'alice-id',
    })
    expect(selectionFilter('key-id', null, key)).toEqual({ affinityKey: 'key-id' })
    expect(selectionFilter('alice', { userId: 'alice-id' }, alice)).toEqual({ userId: 'alice-id' })
  })

  it('does not exist for a free text, or while nobody knows what the search means', () => {
    expect(selectionFilter('ali', { providerId: 'p' }, nobody)).toBeUndefined()
    expect(selectionFilter('alice', { providerId: 'p' }, null)).toBeUndefined()
  })

  it('never widens to somebody whom the filter leaves out', () => {
    expect(selectionFilter('alice', { userId: 'bob-id' }, alice)).toBeUndefined()
    expect(selectionFilter('key-id', { affinityKey: 'other' }, key)).toBeUndefined()
  })
})
