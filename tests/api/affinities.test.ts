import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'

const EVERY_FIELD = `
  fragment EveryField on Affinity {
    id affinityKey apiFormat modelId modelName modelDisplayName providerId endpointId providerKeyId
    rateMultiplier isStandalone requestCount createdAt expiresAt ttlSeconds staleReasons
    apiKey { id name maskedKey isStandalone isActive expiresAt user { id username } }
    user { id username email role isActive apiKeys { id name } }
    provider { id name displayName isActive }
    endpoint { id apiFormat baseUrl isActive provider { id name } }
    providerKey { id name maskedKey rateMultiplier cacheTtlMinutes isActive endpoint { id provider { id } } }
    model { id name displayName isActive }
  }`

describe('affinities', () => {
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp()
  })
  afterAll(() => service.close())

  it('lists every readable record of the fixtures, and no other', async () => {
    const t = Date.now()
    const { data, errors } = await service.query(
      `{ affinities(first: 1000) { totalCount nodes { ...EveryField } } } ${EVERY_FIELD}`,
    )
    console.log(Date.now() - t, errors.slice(0, 3), data?.affinities?.nodes?.[0])
    expect(errors).toEqual([])
    expect(data.affinities.totalCount).toBe(506)
    expect(data.affinities.nodes).toHaveLength(506)
  })

  it('issues at most one SQL statement a table for a page with every joined field', async () => {
    const statements = await service.statementsOf(() =>
      service.query(`{ affinities(first: 1000) { nodes { ...EveryField } } } ${EVERY_FIELD}`),
    )
    console.log(statements.map((s) => s.slice(0, 300)))
    const tables = statements.map((sql) => /FROM "public"\."(\w+)"/.exec(sql)?.[1])
    expect(tables.length).toBe(new Set(tables).size)
  })
})
