import { createAffinityList } from './affinity-list.js'
import * as operations from './generated/operations.js'
import { createList, type List } from './pages.js'
import { type SubscribeOptions, subscribe } from './subscribe.js'
import { type CallOptions, type ClientOptions, checkOptions, execute } from './transport.js'
import type * as Types from './types.js'

/**
 * The API, one method for each of its queries, mutations and subscriptions. Every method rejects with AffinityqlError
 * where it has no answer. Queries are tried four times where another try may help, and wait as long as the server asks;
 * a mutation is sent once. What a mutation, or `userAffinities`, can expect to go wrong is in its result: branch on
 * `__typename`.
 */
export interface AffinityqlClient {
  /** Who the token belongs to. */
  viewer(options?: CallOptions): Promise<Types.Viewer>
  /** All live affinities with the rows that they name: searched, filtered and ordered before the page is cut. */
  readonly affinities: List<Types.AffinitiesArguments, Types.AffinityPage>
  /** The same list with the names of the rows and no more of them: half the work of `affinities`. */
  readonly affinityNames: List<Types.AffinitiesArguments, Types.AffinityNamesPage>
  /** The same list with what Redis holds alone, without names: by far the quickest way to read all of it. */
  readonly affinityRecords: List<Types.AffinitiesArguments, Types.AffinityRecordPage>
  /** The affinities of one user (by id, username or email) or of one API key (by id). */
  userAffinities(
    args: Types.UserAffinitiesArguments,
    options?: CallOptions,
  ): Promise<Types.UserAffinitiesResult>
  readonly cacheStats: {
    /** How well the cache affinity works: as the gateways count it, and as the server sees it. */
    (options?: CallOptions): Promise<Types.CacheStats>
    /** The same now, and again after each interval of 1 to 60 seconds; default 5. */
    watch(
      args?: { readonly intervalSeconds?: number | undefined },
      options?: SubscribeOptions,
    ): AsyncGenerator<Types.CacheStats, void, undefined>
  }
  /** How the gateway's cache affinity is set up, each value with its meaning. */
  cacheConfig(options?: CallOptions): Promise<Types.CacheConfig>
  /** How many keys the gateway's model caches hold. */
  modelMappingStats(options?: CallOptions): Promise<Types.ModelMappingStats>
  /** Names that lead to a global model of another name. */
  readonly modelMappings: List<Types.ModelMappingsArguments, Types.ModelMappingPage>
  /** What providers call the global models. */
  readonly providerModelMappings: List<Types.ProviderModelMappingsArguments, Types.ProviderModelMappingPage>
  /** Names that lead to nothing, and entries that cannot be read. */
  readonly unmappedEntries: List<Types.UnmappedEntriesArguments, Types.UnmappedEntryPage>
  /** What was tried through the server, newest first. */
  readonly auditEvents: List<Types.AuditEventsArguments, Types.AuditEventPage>

  /** Signs an administrator of the gateway in. The client goes on with its own token: give the new one to another. */
  login(args: Types.LoginArguments, options?: CallOptions): Promise<Types.LoginResult>
  /** Clears every affinity of one user, or of one API key. */
  clearUserCache(
    args: Types.ClearUserCacheArguments,
    options?: CallOptions,
  ): Promise<Types.ClearUserCacheResult>
  /** Clears one affinity, while it is pinned to that endpoint. */
  clearSingleAffinity(
    args: Types.ClearSingleAffinityArguments,
    options?: CallOptions,
  ): Promise<Types.ClearSingleAffinityResult>
  /** Clears every affinity pinned to a provider. */
  clearProviderCache(
    args: Types.ClearProviderCacheArguments,
    options?: CallOptions,
  ): Promise<Types.ClearProviderCacheResult>
  /** Clears every affinity that a filter names. An empty filter is refused: it never means everything. */
  clearAffinities(
    args: Types.ClearAffinitiesArguments,
    options?: CallOptions,
  ): Promise<Types.ClearAffinitiesResult>
  /** Clears every affinity of every user. Needs `confirm: true`. */
  clearAllCache(
    args?: Types.ClearAllCacheArguments,
    options?: CallOptions,
  ): Promise<Types.ClearAllCacheResult>
  /** Clears the gateway's model caches. Needs `confirm: true`. */
  clearAllModelMappingCache(
    args?: Types.ClearAllModelMappingCacheArguments,
    options?: CallOptions,
  ): Promise<Types.ClearAllModelMappingCacheResult>
  /** Clears what one name resolves to. */
  clearModelMappingCacheByName(
    args: Types.ClearModelMappingCacheByNameArguments,
    options?: CallOptions,
  ): Promise<Types.ClearModelMappingCacheByNameResult>
  /** Clears how one provider serves one global model. */
  clearProviderModelMappingCache(
    args: Types.ClearProviderModelMappingCacheArguments,
    options?: CallOptions,
  ): Promise<Types.ClearProviderModelMappingCacheResult>

  /** Every change of an affinity, as the server sees it, where the filter holds. */
  affinityEvents(
    args?: Types.AffinityEventsArguments,
    options?: SubscribeOptions,
  ): AsyncGenerator<Types.AffinityEvent, void, undefined>

  /** Any other query or mutation; the caller knows the shape of its `data`. */
  request(text: string, variables?: object, options?: CallOptions): Promise<unknown>
}

/**
 * A client of one server. It holds no connection: there is nothing to close.
 * @throws TypeError where the url or the token cannot be used
 */
export function createClient(options: ClientOptions): AffinityqlClient {
  checkOptions(options)

  const run = async <Data, Variables extends object>(
    { kind, text }: operations.Operation<Data, Variables>,
    variables: object,
    call: CallOptions | undefined,
  ) => (await execute(options, { kind, text, variables }, call)) as Data

  const stream = <Data, Variables extends object>(
    { kind, text }: operations.Operation<Data, Variables>,
    variables: object,
    call: SubscribeOptions | undefined,
  ) => subscribe(options, { kind, text, variables }, call) as AsyncGenerator<Data, void, undefined>

  return {
    viewer: async (call) => (await run(operations.Viewer, {}, call)).viewer,
    affinities: createAffinityList(
      async (args, call) => (await run(operations.Affinities, args, call)).affinities,
    ),
    affinityNames: createAffinityList(
      async (args, call) => (await run(operations.AffinityNames, args, call)).affinities,
    ),
    affinityRecords: createAffinityList(
      async (args, call) => (await run(operations.AffinityRecords, args, call)).affinities,
    ),
    userAffinities: async (args, call) => (await run(operations.UserAffinities, args, call)).userAffinities,
    cacheStats: Object.assign(
      async (call?: CallOptions) => (await run(operations.CacheStats, {}, call)).cacheStats,
      {
        async *watch(args: { readonly intervalSeconds?: number | undefined } = {}, call?: SubscribeOptions) {
          for await (const { cacheStats } of stream(operations.CacheStatsLive, args, call)) yield cacheStats
        },
      },
    ),
    cacheConfig: async (call) => (await run(operations.CacheConfig, {}, call)).cacheConfig,
    modelMappingStats: async (call) => (await run(operations.ModelMappingStats, {}, call)).modelMappingStats,
    modelMappings: createList(
      async (args, call) => (await run(operations.ModelMappings, args, call)).modelMappings,
    ),
    providerModelMappings: createList(
      async (args, call) => (await run(operations.ProviderModelMappings, args, call)).providerModelMappings,
    ),
    unmappedEntries: createList(
      async (args, call) => (await run(operations.UnmappedEntries, args, call)).unmappedEntries,
    ),
    auditEvents: createList(
      async (args, call) => (await run(operations.AuditEvents, args, call)).auditEvents,
    ),

    login: async (args, call) => (await run(operations.Login, args, call)).login,
    clearUserCache: async (args, call) => (await run(operations.ClearUserCache, args, call)).clearUserCache,
    clearSingleAffinity: async (args, call) =>
      (await run(operations.ClearSingleAffinity, args, call)).clearSingleAffinity,
    clearProviderCache: async (args, call) =>
      (await run(operations.ClearProviderCache, args, call)).clearProviderCache,
    clearAffinities: async (args, call) =>
      (await run(operations.ClearAffinities, args, call)).clearAffinities,
    clearAllCache: async (args = {}, call) => (await run(operations.ClearAllCache, args, call)).clearAllCache,
    clearAllModelMappingCache: async (args = {}, call) =>
      (await run(operations.ClearAllModelMappingCache, args, call)).clearAllModelMappingCache,
    clearModelMappingCacheByName: async (args, call) =>
      (await run(operations.ClearModelMappingCacheByName, args, call)).clearModelMappingCacheByName,
    clearProviderModelMappingCache: async (args, call) =>
      (await run(operations.ClearProviderModelMappingCache, args, call)).clearProviderModelMappingCache,

    async *affinityEvents(args = {}, call) {
      for await (const { affinityEvents } of stream(operations.AffinityEvents, args, call))
        yield affinityEvents
    },

    request: (text, variables = {}, call) => execute(options, { kind: kindOf(text), text, variables }, call),
  }
}

/** Only what is certainly a query may be sent twice. */
const kindOf = (text: string): 'query' | 'mutation' =>
  /^(?:[\s,]|#.*[\n\r])*(?:query\b|\{)/.test(text) && !/\bmutation\b/.test(text) ? 'query' : 'mutation'
