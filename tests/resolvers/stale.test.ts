import { describe, expect, it, onTestFinished } from 'vitest'
import { createGatewayStore } from '../../src/gateway/aether/aether-gateway.js'
import { createLoaders } from '../../src/loaders/index.js'
import { createPgDatabase } from '../../src/postgres/database.js'
import {
  apiKeyReasons,
  endpointReasons,
  modelReasons,
  providerKeyReasons,
  providerReasons,
  staleIds,
} from '../../src/resolvers/stale.js'
import { freshDatabase } from '../support/servers/shared.js'

const NOW = 1_800_000_000
const at = (seconds: number) => new Date(seconds * 1_000)

const apiKey = {
  id: 'a-1',
  userId: 'u-1',
  name: 'alice-key',
  storedKey: null,
  isStandalone: false,
  isActive: true,
  expiresAt: null,
  createdAt: at(0),
}
const user = {
  id: 'u-1',
  username: 'alice',
  email: 'alice@example.com',
  role: 'user' as const,
  isActive: true,
  isDeleted: false,
}
const provider = { id: 'p-1', name: 'anthropic', displayName: 'Anthropic', isActive: true }
const endpoint = { id: 'e-1', providerId: 'p-1', apiFormat: 'CLAUDE', baseUrl: '', isActive: true }
const providerKey = {
  id: 'k-1',
  endpointId: 'e-1',
  providerId: null,
  name: 'anthropic-0',
  storedKey: null,
  authType: 'api_key',
  rateMultiplier: 1,
  rateMultipliers: [],
  apiFormats: null,
  cacheTtlMinutes: 5,
  isActive: true,
  expiresAt: null,
  isCircuitOpen: false,
  openBreakers: [],
}
const model = { id: 'm-1', name: 'claude', displayName: 'Claude', isActive: true }

describe('a pin can be honoured', () => {
  it('when everything that it names is there and active', () => {
    expect([
      apiKeyReasons(apiKey, user, NOW),
      providerReasons(provider),
      endpointReasons(endpoint),
      providerKeyReasons(providerKey, NOW),
      modelReasons('m-1', model),
    ]).toEqual([[], [], [], [], []])
  })

  it('until the second that a key expires at', () => {
    const expiring = { expiresAt: at(NOW) }
    expect(apiKeyReasons({ ...apiKey, ...expiring }, user, NOW - 0.001)).toEqual([])
    expect(apiKeyReasons({ ...apiKey, ...expiring }, user, NOW)).toEqual(['API_KEY_EXPIRED'])
    expect(providerKeyReasons({ ...providerKey, ...expiring }, NOW - 0.001)).toEqual([])
    expect(providerKeyReasons({ ...providerKey, ...expiring }, NOW)).toEqual(['PROVIDER_KEY_EXPIRED'])
  })

  it('when it names a model by a raw name, as older records do', () => {
    expect(modelReasons('llama3:8b', null)).toEqual([])
  })
})

describe('a pin is stale', () => {
  it('when a row that it names was deleted, and then for no further reason of that row', () => {
    expect([
      apiKeyReasons(null, null, NOW),
      providerReasons(null),
      endpointReasons(null),
      providerKeyReasons(null, NOW),
      modelReasons('7fca03f3-f623-40eb-8c95-d3836c8fe994', null),
    ]).toEqual([
      ['API_KEY_DELETED'],
      ['PROVIDER_DELETED'],
      ['ENDPOINT_DELETED'],
      ['PROVIDER_KEY_DELETED'],
      ['MODEL_DELETED'],
    ])
  })

  it('when something that it names is switched off', () => {
    const off = { isActive: false }
    expect([
      apiKeyReasons({ ...apiKey, ...off }, user, NOW),
      apiKeyReasons(apiKey, { ...user, ...off }, NOW),
      apiKeyReasons(apiKey, { ...user, isDeleted: true }, NOW),
      providerReasons({ ...provider, ...off }),
      endpointReasons({ ...endpoint, ...off }),
      providerKeyReasons({ ...providerKey, ...off }, NOW),
      providerKeyReasons({ ...providerKey, isCircuitOpen: true }, NOW),
      modelReasons('m-1', { ...model, ...off }),
    ]).toEqual([
      ['API_KEY_INACTIVE'],
      ['USER_INACTIVE'],
      ['USER_INACTIVE'],
      ['PROVIDER_INACTIVE'],
      ['ENDPOINT_INACTIVE'],
      ['PROVIDER_KEY_INACTIVE'],
      ['CIRCUIT_OPEN'],
      ['MODEL_INACTIVE'],
    ])
  })

  it('for every reason there is, not only the first', () => {
    const expired = { isActive: false, expiresAt: at(NOW - 1) }
    expect(apiKeyReasons({ ...apiKey, ...expired }, { ...user, isActive: false }, NOW)).toEqual([
      'API_KEY_INACTIVE',
      'API_KEY_EXPIRED',
      'USER_INACTIVE',
    ])
    expect(providerKeyReasons({ ...providerKey, ...expired, isCircuitOpen: true }, NOW)).toEqual([
      'PROVIDER_KEY_INACTIVE',
      'PROVIDER_KEY_EXPIRED',
      'CIRCUIT_OPEN',
    ])
  })
})

describe('the stale ids', () => {
  it('are read in one statement a table, however many API keys come into use meanwhile', async () => {
    const database = createPgDatabase({ url: freshDatabase(), onError: () => {} })
    onTestFinished(() => database.close())
    const gateway = createGatewayStore(database)
    // The live index gives its ids as they are now, not as they were when it was asked.
    const inUse = new Set(['gone-1', 'gone-2'])
    const asked: (readonly string[])[] = []
    const loaders = createLoaders({
      ...gateway,
      apiKeys(ids) {
        if (asked.length === 0) for (let n = 0; n < 10; n += 1) inUse.add(`new-${n}`)
        asked.push(ids)
        return gateway.apiKeys(ids)
      },
    })
    const distinct = async (dimension: string) =>
      dimension === 'affinityKey' ? inUse : (new Set() as ReadonlySet<string>)
    const stale = await staleIds({ distinct }, loaders, NOW)
    expect(asked).toEqual([['gone-1', 'gone-2']])
    expect(stale.affinityKey).toEqual(new Set(['gone-1', 'gone-2']))
  })

  it('of very many API keys are read in pieces, each once: others have their turn in between', async () => {
    const database = createPgDatabase({ url: freshDatabase(), onError: () => {} })
    onTestFinished(() => database.close())
    const keys = Array.from({ length: 12_000 }, (_, n) => ({
      ...apiKey,
      id: `a-${n}`,
      userId: `u-${n}`,
      isActive: n % 2 === 0,
    }))
    const byId = new Map(keys.map((key) => [key.id, key]))
    const asked: (readonly string[])[] = []
    const loaders = createLoaders({
      ...createGatewayStore(database),
      async apiKeys(ids) {
        asked.push(ids)
        return ids.flatMap((id) => byId.get(id) ?? [])
      },
      users: async (ids) => ids.map((id) => ({ ...user, id, isActive: id !== 'u-0' })),
    })
    const distinct = async (dimension: string): Promise<ReadonlySet<string>> =>
      new Set(dimension === 'affinityKey' ? byId.keys() : [])
    const stale = await staleIds({ distinct }, loaders, NOW)
    expect(stale.affinityKey).toEqual(
      new Set(keys.filter(({ id, isActive }) => !isActive || id === 'a-0').map(({ id }) => id)),
    )
    expect(asked.flat()).toEqual([...byId.keys()])
    expect(Math.max(...asked.map(({ length }) => length))).toBeLessThanOrEqual(2_500)
  })
})
