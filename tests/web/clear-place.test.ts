import { describe, expect, it } from 'vitest'
import { placeOf } from '../../web/src/clears/clear-place.js'
import type { ClearableRow } from '../../web/src/clears/clear-store.js'

const row: ClearableRow = {
  id: 'affinity',
  affinityKey: 'key',
  endpointId: 'endpoint',
  modelId: 'gpt-5',
  apiFormat: 'OPENAI',
  clientFamily: null,
  sessionHash: null,
  modelName: 'gpt-5',
  providerId: 'provider',
  providerKeyId: 'provider-key',
  requestCount: 1,
  staleReasons: [],
  apiKey: null,
  user: null,
  provider: null,
  providerKey: null,
}

describe('where those are who went back after a clear', () => {
  it('is at the provider, and at what a filter or a record names', () => {
    expect(placeOf({ kind: 'provider', providerId: 'p', name: 'P' })).toEqual({ providerId: 'p' })
    const filter = { providerKeyId: 'k', stale: true, createdAfter: '2026-11-27T03:00:00Z' }
    expect(placeOf({ kind: 'filtered', filter })).toEqual({ providerKeyId: 'k' })
    expect(placeOf({ kind: 'single', rows: [row] })).toMatchObject({
      affinityKey: 'key',
      modelId: 'gpt-5',
      providerId: 'provider',
    })
  })

  it('is nowhere if the clear named no place', () => {
    expect(placeOf({ kind: 'all' })).toBeNull()
    expect(placeOf({ kind: 'user', userId: 'u', name: 'U' })).toBeNull()
    expect(placeOf({ kind: 'filtered', filter: { apiFormat: 'CLAUDE' } })).toBeNull()
    expect(placeOf({ kind: 'selected', rows: [row, row] })).toBeNull()
  })
})
