import { type AffinityList, createAffinityList } from './affinity-list.js'
import * as operations from './generated/operations.js'
import { createList, cursorAfter, type FetchCursor, type List } from './pages.js'
import { type SubscribeOptions, subscribe } from './subscribe.js'
import { type CallOptions, type ClientOptions, checkOptions, execute, type Reading } from './transport.js'
import type * as Types from './types.js'

/**
 * The client has one method for each query, mutation and subscription of the API. A method that gets no answer rejects
 * with AffinityqlError. The client sends a query up to four times if another try may help, and waits as long as the
 * server asks; it sends a mutation once. The expected errors of a mutation, and of `userAffinities`, are members of its
 * result: branch on `__typename`.
 */
export interface AffinityqlClient {
  /** Returns the viewer: the owner of the token. */
  viewer(options?: CallOptions): Promise<Types.Viewer>
  /** Lists all live affinities with the rows that they name. Search, filter and order apply before the page is cut. */
  readonly affinities: AffinityList<Types.AffinitiesArguments, Types.AffinityPage>
  /** Lists the same affinities with the names of these rows only. This is half the work of `affinities`. */
  readonly affinityNames: AffinityList<Types.AffinitiesArguments, Types.AffinityNamesPage>
  /** Lists the same affinities with only what Redis holds, without names. This is by far the fastest way to read all. */
  readonly affinityRecords: AffinityList<Types.AffinitiesArguments, Types.AffinityRecordPage>
  /** Returns one affinity by its id; null if it is gone. */
  affinity(args: Types.AffinityArguments, options?: CallOptions): Promise<Types.Affinity | null>
  /** Counts affinities by what they have in common, under any search and filter. */
  affinityCounts(args: Types.AffinityCountsArguments, options?: CallOptions): Promise<Types.AffinityCounts>
  /** Counts what changed within the last 24 hours, by time and, if one is given, at one provider. */
  affinityHistory(args: Types.AffinityHistoryArguments, options?: CallOptions): Promise<Types.AffinityHistory>
  /** Lists all providers by name, also those to which nothing is pinned. */
  readonly providers: List<Types.ProvidersArguments, Types.ProviderPage>
  /** Lists all provider keys by name, of one provider or of all, also those to which nothing is pinned. */
  readonly providerKeys: List<Types.ProviderKeysArguments, Types.ProviderKeyPage>
  /** Lists all global models by name, also those that no affinity is for. */
  readonly globalModels: List<Types.GlobalModelsArguments, Types.GlobalModelPage>
  /** Lists all users by name, also those without an affinity. A management token with a list of rights needs `admin:users:read`. */
  readonly users: List<Types.UsersArguments, Types.UserPage>
  /** Sums what the providers’ caches earned in at most 31 days, by the gateway’s usage rows. */
  cacheUsage(args: Types.CacheUsageArguments, options?: CallOptions): Promise<Types.CacheUsage | null>
  /** Sums what it cost that sessions were switched to other provider keys, in at most 31 days. */
  switchCosts(args: Types.SwitchCostsArguments, options?: CallOptions): Promise<Types.SwitchCosts | null>
  /** Says how long users pause between requests, and which TTL follows from that. */
  ttlAdvice(args: Types.TtlAdviceArguments, options?: CallOptions): Promise<Types.TtlAdviceList | null>
  /** Lists the intervals between consecutive requests of a user or an API key, 10,000 at most. */
  requestIntervals(
    args: Types.RequestIntervalsArguments,
    options?: CallOptions,
  ): Promise<Types.RequestIntervals | null>
  /** Lists the latest switches, removals and clears that the server saw, newest first. */
  readonly affinityChanges: List<Types.AffinityChangesArguments, Types.AffinityChangesPage>
  readonly clearFollowUp: {
    /** Returns where the users of what a clear removed went since; null if the server keeps no follow-up of it. */
    (args: Types.ClearFollowUpArguments, options?: CallOptions): Promise<Types.ClearFollowUp | null>
    /** Returns the same at once, and again at each change, until an hour after the clear. */
    watch(
      args: Types.ClearFollowUpArguments,
      options?: SubscribeOptions,
    ): AsyncGenerator<Types.ClearFollowUp, void, undefined>
  }
  /** Lists the affinities of one user (by id, username or email) or of one API key (by id). */
  userAffinities(
    args: Types.UserAffinitiesArguments,
    options?: CallOptions,
  ): Promise<Types.UserAffinitiesResult>
  readonly cacheStats: {
    /** Returns how well the cache affinity works, as the gateways count it and as the server observes it. */
    (options?: CallOptions): Promise<Types.CacheStats>
    /** Returns the statistics at once, and again after each interval of 1 to 60 seconds; default 5. */
    watch(
      args?: { readonly intervalSeconds?: number | undefined },
      options?: SubscribeOptions,
    ): AsyncGenerator<Types.CacheStats, void, undefined>
  }
  /** Returns the configuration of the gateway's cache affinity, each value with its meaning. */
  cacheConfig(options?: CallOptions): Promise<Types.CacheConfig>
  /** Returns what kind of gateway the service stands beside, and what works there. */
  gateway(options?: CallOptions): Promise<Types.Gateway>
  /** Returns the gateway's scheduling mode, and whether it uses pins at all. Either is null while it is not known. */
  schedulingMode(options?: CallOptions): Promise<Types.SchedulingMode>
  /** Returns the number of keys in the gateway's model caches. */
  modelMappingStats(options?: CallOptions): Promise<Types.ModelMappingStats>
  /** Lists names that resolve to a global model of another name. */
  readonly modelMappings: List<Types.ModelMappingsArguments, Types.ModelMappingPage>
  /** Lists the names of global models at their providers. */
  readonly providerModelMappings: List<Types.ProviderModelMappingsArguments, Types.ProviderModelMappingPage>
  /** Lists names that resolve to no global model, and entries that cannot be read. */
  readonly unmappedEntries: List<Types.UnmappedEntriesArguments, Types.UnmappedEntryPage>
  /** Lists the sessions that pools of provider keys send to one key each. */
  readonly poolSessions: List<Types.PoolSessionsArguments, Types.PoolSessionPage>
  /** Lists the audit events of the service, newest first. */
  readonly auditEvents: List<Types.AuditEventsArguments, Types.AuditEventPage>

  /**
   * Signs an administrator of the gateway in, by email or username (both as `email`). This client keeps its own token: make another client for the new token.
   */
  login(args: Types.LoginArguments, options?: CallOptions): Promise<Types.LoginResult>
  /** Ends this client's token, at every instance of the server. A static token and a management token cannot be ended so. */
  logout(options?: CallOptions): Promise<boolean>
  /** Clears every affinity of one user, or of one API key. */
  clearUserCache(
    args: Types.ClearUserCacheArguments,
    options?: CallOptions,
  ): Promise<Types.ClearUserCacheResult>
  /** Clears the affinity of one session, or of all sessions, if it is still pinned to this endpoint. */
  clearSingleAffinity(
    args: Types.ClearSingleAffinityArguments,
    options?: CallOptions,
  ): Promise<Types.ClearSingleAffinityResult>
  /** Clears every affinity pinned to a provider. */
  clearProviderCache(
    args: Types.ClearProviderCacheArguments,
    options?: CallOptions,
  ): Promise<Types.ClearProviderCacheResult>
  /** Clears every affinity that a filter selects. The server refuses an empty filter: it never means everything. */
  clearAffinities(
    args: Types.ClearAffinitiesArguments,
    options?: CallOptions,
  ): Promise<Types.ClearAffinitiesResult>
  /** Clears the pool sessions that a filter selects. The server refuses an empty filter. */
  clearPoolSessions(
    args: Types.ClearPoolSessionsArguments,
    options?: CallOptions,
  ): Promise<Types.ClearPoolSessionsResult>
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
  /** Clears the model mapping of one name. */
  clearModelMappingCacheByName(
    args: Types.ClearModelMappingCacheByNameArguments,
    options?: CallOptions,
  ): Promise<Types.ClearModelMappingCacheByNameResult>
  /** Clears the model mapping of one global model at one provider. */
  clearProviderModelMappingCache(
    args: Types.ClearProviderModelMappingCacheArguments,
    options?: CallOptions,
  ): Promise<Types.ClearProviderModelMappingCacheResult>

  /** Streams every change of the affinities that the filter selects. */
  affinityEvents(
    args?: Types.AffinityEventsArguments,
    options?: SubscribeOptions,
  ): AsyncGenerator<Types.AffinityEvent, void, undefined>

  /** Sends any other query or mutation. The caller knows the shape of its `data`. */
  request(text: string, variables?: object, options?: CallOptions): Promise<unknown>
}

/**
 * To ask where a page ends costs 3,105 at most. A server without an index looks at all affinities, at the viewer's cost:
 * from this cost on it is asked no more in that walk.
 */
const DEAR = 10_000

/**
 * Makes a client of one server. The client holds no connection, so there is nothing to close.
 * @throws TypeError if the URL or the token cannot be used
 */
export function createClient(options: ClientOptions): AffinityqlClient {
  checkOptions(options)

  const run = async <Data, Variables extends object>(
    { kind, text }: operations.Operation<Data, Variables>,
    variables: object,
    call: Reading | undefined,
  ) => (await execute(options, { kind, text, variables }, call)) as Data

  const stream = <Data, Variables extends object>(
    { kind, text }: operations.Operation<Data, Variables>,
    variables: object,
    call: SubscribeOptions | undefined,
  ) => subscribe(options, { kind, text, variables }, call) as AsyncGenerator<Data, void, undefined>

  const cursorOfAffinities: FetchCursor = async (args, call) => {
    let cost: unknown
    const onExtensions: ClientOptions['onExtensions'] = (extensions) => {
      cost = Object(extensions['cost']).requested
    }
    // By another attempt the page itself would have told it.
    const { affinities } = await run(operations.AffinityCursor, args, { ...call, attempts: 1, onExtensions })
    if (Number(cost) >= DEAR) throw new RangeError('It costs too much.')
    return cursorAfter(affinities)
  }

  return {
    viewer: async (call) => (await run(operations.Viewer, {}, call)).viewer,
    affinities: createAffinityList(
      async (args, call) => (await run(operations.Affinities, args, call)).affinities,
      cursorOfAffinities,
    ),
    affinityNames: createAffinityList(
      async (args, call) => (await run(operations.AffinityNames, args, call)).affinities,
      cursorOfAffinities,
    ),
    affinityRecords: createAffinityList(
      async (args, call) => (await run(operations.AffinityRecords, args, call)).affinities,
    ),
    affinity: async (args, call) => (await run(operations.Affinity, args, call)).affinity,
    affinityHistory: async (args, call) =>
      (await run(operations.AffinityHistory, args, call)).affinityHistory,
    providers: createList(async (args, call) => (await run(operations.Providers, args, call)).providers),
    providerKeys: createList(
      async (args, call) => (await run(operations.ProviderKeys, args, call)).providerKeys,
    ),
    globalModels: createList(
      async (args, call) => (await run(operations.GlobalModels, args, call)).globalModels,
    ),
    users: createList(async (args, call) => (await run(operations.Users, args, call)).users),
    affinityChanges: createList(
      async (args, call) => (await run(operations.AffinityChanges, args, call)).affinityChanges,
    ),
    clearFollowUp: Object.assign(
      async (args: Types.ClearFollowUpArguments, call?: CallOptions) =>
        (await run(operations.ClearFollowUpNow, args, call)).auditEvent?.followUp ?? null,
      {
        async *watch(args: Types.ClearFollowUpArguments, call?: SubscribeOptions) {
          for await (const { clearFollowUp } of stream(operations.ClearFollowUpLive, args, call))
            yield clearFollowUp
        },
      },
    ),
    affinityCounts: async (args, call) => (await run(operations.AffinityCounts, args, call)).affinityCounts,
    cacheUsage: async (args, call) => (await run(operations.CacheUsage, args, call)).cacheUsage ?? null,
    switchCosts: async (args, call) => (await run(operations.SwitchCosts, args, call)).switchCosts ?? null,
    ttlAdvice: async (args, call) => (await run(operations.TtlAdvice, args, call)).ttlAdvice ?? null,
    requestIntervals: async (args, call) =>
      (await run(operations.RequestIntervals, args, call)).requestIntervals ?? null,
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
    gateway: async (call) => (await run(operations.Gateway, {}, call)).gateway,
    schedulingMode: async (call) => (await run(operations.SchedulingMode, {}, call)).gateway,
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
    poolSessions: createList(
      async (args, call) => (await run(operations.PoolSessions, args, call)).poolSessions,
    ),
    auditEvents: createList(
      async (args, call) => (await run(operations.AuditEvents, args, call)).auditEvents,
    ),

    login: async (args, call) => (await run(operations.Login, args, call)).login,
    logout: async (call) => (await run(operations.Logout, {}, call)).logout,
    clearUserCache: async (args, call) => (await run(operations.ClearUserCache, args, call)).clearUserCache,
    clearSingleAffinity: async (args, call) =>
      (await run(operations.ClearSingleAffinity, args, call)).clearSingleAffinity,
    clearProviderCache: async (args, call) =>
      (await run(operations.ClearProviderCache, args, call)).clearProviderCache,
    clearAffinities: async (args, call) =>
      (await run(operations.ClearAffinities, args, call)).clearAffinities,
    clearPoolSessions: async (args, call) =>
      (await run(operations.ClearPoolSessions, args, call)).clearPoolSessions,
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

/** Tells queries from mutations. Only a text that is certainly a query may be sent twice. */
const kindOf = (text: string): 'query' | 'mutation' =>
  /^(?:[\s,]|#.*[\n\r])*(?:query\b|\{)/.test(text) && !/\bmutation\b/.test(text) ? 'query' : 'mutation'
