/**
 * The API with invented data and the built console, for work on the console alone and for measurements with more
 * events than a real cache makes: `npx tsx tests/web/mock-server.ts [port] [records] [events a second]`.
 * Any token signs in; `viewer` may not clear.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { useConsole } from '../../src/server/http/use-console.js'
import { createMockCache, type MockFilter, type MockRecord } from './mock-cache.js'

const [port = '4100', records = '506', eventsPerSecond = '4'] = process.argv.slice(2)
const cache = createMockCache(Number(records))
cache.run(Number(eventsPerSecond))

interface PageArgs {
  readonly first: number
  readonly offset?: number
  readonly after?: string
  readonly search?: string
  readonly filter?: MockFilter
  readonly orderBy?: { readonly field: string; readonly direction: string }
}

const page = <Node>(all: readonly Node[], { first, offset = 0, after }: Omit<PageArgs, 'search'>) => {
  const start = after === undefined || after === null ? (offset ?? 0) : Number(after)
  const nodes = all.slice(start, start + first)
  const end = start + nodes.length
  return {
    nodes,
    edges: nodes.map((node, index) => ({ node, cursor: String(start + index + 1) })),
    totalCount: all.length,
    pageInfo: {
      hasNextPage: end < all.length,
      hasPreviousPage: start > 0,
      startCursor: String(start),
      endCursor: String(end),
    },
  }
}

const audit: Record<string, unknown>[] = []
const withAudit = (action: string, clearedCount: number, dryRun: boolean, extra: object = {}) => {
  const event = {
    id: `event-${audit.length + 1}`,
    action,
    success: true,
    createdAt: new Date().toISOString(),
    actor: null,
    actorName: 'on-call',
    ipAddress: '10.1.4.17',
    requestId: crypto.randomUUID(),
    errorMessage: null,
    metadata: { action, arguments: extra, result: { clearedCount, dryRun } },
  }
  audit.unshift(event)
  return {
    message: `${clearedCount} records.`,
    clearedCount,
    dryRun,
    auditEvent: event,
    affinityId: '',
    providerId: '',
  }
}
const clear = (action: string, filter: MockFilter, dryRun: boolean, __typename: string) => ({
  __typename,
  ...withAudit(action, dryRun ? cache.find(filter).length : cache.clear(filter), dryRun, filter),
})
const mappingsCleared = (action: string, keys: readonly string[], dryRun: boolean) => ({
  __typename: 'ClearModelMappingPayload',
  ...withAudit(action, keys.length, dryRun),
  deletedKeys: keys,
})

const schema = createSchema({
  typeDefs: readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'),
  resolvers: {
    Query: {
      viewer: (_root, _args, { request }: { request: Request }) => {
        const canClear = request.headers.get('authorization') !== 'Bearer viewer'
        return { name: canClear ? 'root' : 'looker', role: canClear ? 'ADMIN' : 'USER', canClear }
      },
      affinities: (_root, args: PageArgs) => ({
        ...page(cache.sorted(cache.find(args.filter ?? {}, args.search ?? ''), args.orderBy), args),
        ...cache.matched(args.search ?? ''),
      }),
      cacheStats: () => cache.stats(),
      cacheConfig: () => cache.config(),
      modelMappingStats: () => cache.mappingStats(),
      modelMappings: (_root, args: PageArgs) => page(cache.mappings(args.search ?? ''), args),
      providerModelMappings: (_root, args: PageArgs) => page(cache.providerMappings(args.search ?? ''), args),
      unmappedEntries: (_root, args: PageArgs) => page(cache.unmapped(), args),
      auditEvent: (_root, { id }: { id: string }) => audit.find((event) => event['id'] === id) ?? null,
      auditEvents: (_root, args: PageArgs & { action?: string }) =>
        page(
          audit.filter(({ action }) => !args.action || action === args.action),
          args,
        ),
    },
    Mutation: {
      login: (_root, { email, password }: { email: string; password: string }) =>
        password === 'wrong'
          ? { __typename: 'InvalidCredentialsError', message: 'The email address or the password is wrong.' }
          : {
              __typename: 'Session',
              token: email,
              expiresAt: new Date(Date.now() + 43_200_000).toISOString(),
              viewer: { name: email, role: 'ADMIN', canClear: true },
            },
      clearSingleAffinity: (_root, { affinityKey, modelId, apiFormat, dryRun }) =>
        clear(
          'cache_clear_single',
          { affinityKey, modelId, apiFormat },
          dryRun,
          'ClearSingleAffinityPayload',
        ),
      clearUserCache: (_root, { identifier, dryRun }) =>
        clear('cache_clear_user', { userId: identifier }, dryRun, 'ClearUserCachePayload'),
      clearProviderCache: (_root, { providerId, dryRun }) =>
        clear('cache_clear_provider', { providerId }, dryRun, 'ClearProviderCachePayload'),
      clearAffinities: (_root, { filter, dryRun }) =>
        clear('cache_clear_filtered', filter, dryRun, 'ClearAffinitiesPayload'),
      clearAllCache: (_root, { dryRun }) => clear('cache_clear_all', {}, dryRun, 'ClearAllCachePayload'),
      clearAllModelMappingCache: (_root, { dryRun }) =>
        mappingsCleared(
          'model_mapping_cache_clear_all',
          ['global_model:resolve:llama3:8b', 'model:id:1'],
          dryRun,
        ),
      clearModelMappingCacheByName: (_root, { modelName, dryRun }) =>
        mappingsCleared('model_mapping_cache_clear_by_name', [`global_model:resolve:${modelName}`], dryRun),
      clearProviderModelMappingCache: (_root, { providerId, dryRun }) =>
        mappingsCleared(
          'provider_model_mapping_cache_clear',
          [`model:provider_global:${providerId}:x`],
          dryRun,
        ),
    },
    Subscription: {
      affinityEvents: {
        subscribe: (_root, { filter }: { filter?: MockFilter }) => cache.events(filter ?? {}),
        resolve: (event: { affinity: MockRecord }) => event,
      },
      cacheStats: {
        async *subscribe(_root, { intervalSeconds }: { intervalSeconds: number }) {
          for (;;) {
            yield cache.stats()
            await new Promise((resolve) => setTimeout(resolve, intervalSeconds * 1_000))
          }
        },
        resolve: (stats: object) => stats,
      },
    },
  },
})

const HEALTH = {
  status: 'ready',
  dependencies: { database: { state: 'up', latencyMs: 1.4 }, cache: { state: 'up', latencyMs: 0.3 } },
  brokenRecords: 4,
}
const yoga = createYoga({
  schema,
  landingPage: false,
  plugins: [
    useConsole({ directory: new URL('../../dist/web', import.meta.url).pathname }),
    {
      onRequest({ url, endResponse, fetchAPI }) {
        if (url.pathname.startsWith('/health/')) endResponse(fetchAPI.Response.json(HEALTH))
      },
    },
  ],
})
createServer(yoga).listen(Number(port), '127.0.0.1')
