import { expect, it } from 'vitest'
import type { AffinityRowFragment } from '../../web/src/generated/graphql.js'
import { followRow } from '../../web/src/pages/affinities/live/follow-row.js'

const before: AffinityRowFragment = {
  id: 'a',
  affinityKey: 'api-key',
  apiFormat: 'CLAUDE',
  modelId: 'model',
  family: 'CACHE_AFFINITY',
  clientFamily: null,
  sessionHash: null,
  modelName: 'claude',
  modelDisplayName: 'Claude',
  providerId: 'one',
  endpointId: 'endpoint of one',
  providerKeyId: 'key of one',
  rateMultiplier: 1.5,
  isStandalone: false,
  requestCount: 3,
  createdAt: '2026-01-01T00:00:00Z',
  expiresAt: '2026-01-01T00:05:00Z',
  ttlSeconds: 300,
  usability: 'USABLE',
  staleReasons: [],
  conditions: [],
  apiKey: null,
  user: null,
  provider: { id: 'one', name: 'one', displayName: 'Provider One', isActive: true },
  endpoint: { id: 'endpoint of one', apiFormat: 'CLAUDE', baseUrl: 'https://one.example', isActive: true },
  providerKey: {
    id: 'key of one',
    name: 'first',
    maskedKey: null,
    rateMultiplier: 1.5,
    cacheTtlMinutes: 5,
    isActive: true,
  },
  model: null,
}

it('shows a record that was switched under no name of the provider before', () => {
  const moved = { ...before, providerId: 'two', endpointId: 'endpoint of two', providerKeyId: 'key of two' }
  expect(followRow(before, moved)).toMatchObject({
    providerId: 'two',
    provider: null,
    endpoint: null,
    providerKey: null,
    rateMultiplier: null,
    usability: null,
    staleReasons: null,
    conditions: null,
  })
})

it('keeps the names of a record that was used again', () => {
  const used = { ...before, requestCount: 4, ttlSeconds: 299 }
  expect(followRow(before, used)).toEqual(used)
})
