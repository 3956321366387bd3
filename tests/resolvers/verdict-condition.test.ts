import { describe, expect, it } from 'vitest'
import type { AffinityRecord } from '../../src/affinities/affinity-record.js'
import { FAMILIES } from '../../src/affinities/families/index.js'
import { AffinityIndex } from '../../src/affinities/index/affinity-index.js'
import { createGatewayStore } from '../../src/gateway/aether/aether-gateway.js'
import { createPgDatabase } from '../../src/postgres/database.js'
import { verdictCondition } from '../../src/resolvers/usability.js'
import { freshDatabase } from '../support/servers/shared.js'

const record = (affinityKey: string): AffinityRecord => ({
  key: `cache_affinity:${affinityKey}:CLAUDE:m`,
  family: 'cache_affinity',
  affinityKey,
  apiFormat: 'CLAUDE',
  modelId: 'm',
  providerId: 'p',
  endpointId: 'e',
  providerKeyId: 'k',
  requestCount: 1,
  createdAt: 1,
  expiresAt: 2,
  writtenExpiry: 2,
})

describe('a condition on verdicts', () => {
  it('never calls a record stale that came after the rows were read, with an API key of its own', async () => {
    const database = createPgDatabase({ url: freshDatabase('schema') })
    const judge = await createGatewayStore(database).judge({
      affinityKey: ['deleted'],
      providerId: ['p'],
      endpointId: ['e'],
      providerKeyId: ['k'],
      modelId: ['m'],
      modelName: [],
    })
    await database.close()
    for (const keys of [
      ['deleted', 'new'],
      ['new', 'deleted'],
    ]) {
      const index = new AffinityIndex(FAMILIES)
      for (const key of keys) index.upsert(record(key))
      const stale = index.page({
        selection: { where: verdictCondition({ stale: true }, judge, FAMILIES) },
        order: { field: 'EXPIRES_AT', direction: 'ASC' },
        first: 10,
      })
      expect(stale.records.map(({ affinityKey }) => affinityKey)).toEqual(['deleted'])
    }
  })
})
