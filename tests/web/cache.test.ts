import { readFileSync } from 'node:fs'
import { ApolloClient, ApolloLink, Observable } from '@apollo/client'
import { buildSchema, isAbstractType } from 'graphql'
import { describe, expect, it, vi } from 'vitest'
import { createCache, evictCleared, PAGES_KEPT } from '../../web/src/api/cache.js'
import {
  AuditEventDocument,
  AuditEventsDocument,
  CacheConfigDocument,
  ModelMappingStatsDocument,
  ModelMappingsDocument,
} from '../../web/src/generated/graphql.js'
import possibleTypes from '../../web/src/generated/possible-types.js'

const PAGE = 50
const event = (index: number) => ({
  __typename: 'AuditEvent',
  id: `event-${index}`,
  action: 'cache_clear_user',
  success: true,
  createdAt: '2026-01-01T00:00:00Z',
  actorName: 'alice',
  ipAddress: null,
  requestId: null,
  errorMessage: null,
  writtenBack: null,
  metadata: {},
  actor: { __typename: 'User', id: `user-${index}`, username: `user ${index}`, email: 'a@example.com' },
})

const ANSWERS: Readonly<Record<string, (variables: Record<string, unknown>) => Record<string, unknown>>> = {
  AuditEvents({ after }) {
    const first = Number(after ?? 0)
    return {
      auditEvents: {
        __typename: 'AuditEventConnection',
        totalCount: 100_000,
        pageInfo: { __typename: 'PageInfo', hasNextPage: true, endCursor: String(first + PAGE) },
        nodes: Array.from({ length: PAGE }, (_, index) => event(first + index)),
      },
    }
  },
  AuditEvent: ({ id }) => ({ auditEvent: { ...event(0), id } }),
  ModelMappings: () => ({
    modelMappings: {
      __typename: 'ModelMappingConnection',
      totalCount: 1,
      pageInfo: { __typename: 'PageInfo', hasNextPage: false, endCursor: null },
      nodes: [
        {
          __typename: 'ModelMapping',
          mappingName: 'gpt-5',
          globalModelId: null,
          globalModelName: null,
          globalModelDisplayName: null,
          ttlSeconds: 60,
          providers: [],
        },
      ],
    },
  }),
  ModelMappingStats: () => ({
    modelMappingStats: {
      __typename: 'ModelMappingStats',
      available: true,
      message: null,
      ttlSeconds: 300,
      totalKeys: 1,
      breakdown: {
        __typename: 'ModelMappingBreakdown',
        modelById: 1,
        modelByProviderGlobal: 0,
        globalModelById: 0,
        globalModelByName: 0,
        globalModelResolve: 0,
      },
    },
  }),
  CacheConfig: () => ({ cacheConfig: { __typename: 'CacheConfig', parameters: [] } }),
}

const nextTask = () => new Promise((resolve) => setTimeout(resolve))

/** A client over the console's cache, and the names of the operations that it sent. */
function startClient() {
  const sent: string[] = []
  const cache = createCache()
  const link = new ApolloLink(({ operationName = '', variables }) => {
    sent.push(operationName)
    return new Observable((observer) => {
      observer.next({ data: ANSWERS[operationName]?.(variables) ?? null })
      observer.complete()
    })
  })
  const client = new ApolloClient({
    cache,
    link,
    defaultOptions: { watchQuery: { errorPolicy: 'all' }, query: { errorPolicy: 'all' } },
  })
  const auditPage = (after: string | null) =>
    client.query({ query: AuditEventsDocument, variables: { first: PAGE, after, action: null } })
  const mappings = () =>
    client.query({ query: ModelMappingsDocument, variables: { first: PAGE, after: null, search: null } })
  return { cache, client, sent, auditPage, mappings }
}

const entities = (cache: ReturnType<typeof createCache>, type: string) =>
  Object.keys(cache.extract()).filter((id) => id.startsWith(`${type}:`)).length

describe('the possible types', () => {
  it('are those of the schema', () => {
    const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'))
    const expected = Object.values(schema.getTypeMap())
      .filter(isAbstractType)
      .map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)])
    expect(possibleTypes.possibleTypes).toEqual(Object.fromEntries(expected))
  })
})

describe('pages in the cache', () => {
  it('are there when one goes back', async () => {
    const { sent, auditPage } = startClient()
    await auditPage(null)
    await auditPage('50')
    const { data } = await auditPage(null)
    expect(data?.auditEvents.nodes[0]?.id).toBe('event-0')
    expect(sent).toEqual(['AuditEvents', 'AuditEvents'])
  })

  it('stay few however long somebody pages', async () => {
    const { cache, auditPage } = startClient()
    for (let page = 0; page < 5 * PAGES_KEPT; page++) {
      await auditPage(String(page * PAGE))
      await nextTask()
    }
    await vi.waitFor(() => expect(entities(cache, 'AuditEvent')).toBe(PAGES_KEPT * PAGE))
    expect(entities(cache, 'User')).toBe(PAGES_KEPT * PAGE)
    expect(JSON.stringify(cache.extract()['ROOT_QUERY']).length).toBeLessThan(PAGES_KEPT * PAGE * 100)
  })
})

describe('an audit event', () => {
  it('is known where a page listed it, and asked for where none did', async () => {
    const { client, sent, auditPage } = startClient()
    await auditPage(null)
    const open = (id: string) => client.query({ query: AuditEventDocument, variables: { id } })
    expect((await open('event-7')).data?.auditEvent?.actor?.username).toBe('user 7')
    expect(sent).toEqual(['AuditEvents'])
    expect((await open('event-70')).data?.auditEvent?.id).toBe('event-70')
    expect(sent).toEqual(['AuditEvents', 'AuditEvent'])
  })
})

describe('a clear', () => {
  const fill = async () => {
    const made = startClient()
    await made.auditPage(null)
    await made.mappings()
    await made.client.query({ query: ModelMappingStatsDocument })
    await made.client.query({ query: CacheConfigDocument })
    return made
  }
  const kept = (cache: ReturnType<typeof createCache>) =>
    Object.keys(cache.extract()['ROOT_QUERY'] ?? {}).filter((field) => field !== '__typename')

  it('of mappings evicts every page and figure of them, and the list of audit events', async () => {
    const { cache, sent, mappings } = await fill()
    evictCleared(cache, true)
    expect(kept(cache)).toEqual(['cacheConfig'])
    expect(entities(cache, 'AuditEvent')).toBe(0)
    await mappings()
    expect(sent.filter((name) => name === 'ModelMappings')).toHaveLength(2)
  })

  it('of affinities leaves the mappings', async () => {
    const { cache } = await fill()
    evictCleared(cache, false)
    expect(kept(cache).sort()).toEqual(['cacheConfig', 'modelMappingStats', 'modelMappings'])
  })
})
