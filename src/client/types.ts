/** This module names the client's types. scripts/build-client.mjs makes their shapes from operations.graphql. */
import type * as operations from './generated/operations.js'

/** Makes arguments read-only, so that a caller may also pass read-only objects. */
type Arguments<Variables> = { readonly [Name in keyof Variables]: Variables[Name] }

export type {
  AccountFragment as Account,
  AffinityEventType,
  AffinityFamily,
  AffinityFilter,
  AffinityFragment as Affinity,
  AffinityGrouping,
  AffinityNamesFragment as AffinityNames,
  AffinityOrder,
  AffinityOrderField,
  AffinityRecordFragment as AffinityRecord,
  AuditEventFragment as AuditEvent,
  CacheStatsFragment as CacheStats,
  ClearFollowUpFragment as ClearFollowUp,
  ErrorCode,
  OrderDirection,
  PoolSessionFilter,
  StaleReason,
  StorageType,
  UnmappedStatus,
  Usability,
  UseCondition,
  UserRole,
  VerdictFragment as Verdict,
} from './generated/operations.js'

export type Viewer = operations.ViewerQuery['viewer']
export type AffinitiesArguments = Arguments<operations.AffinitiesQueryVariables>
export type AffinityPage = operations.AffinitiesQuery['affinities']
export type AffinityNamesPage = operations.AffinityNamesQuery['affinities']
export type AffinityRecordPage = operations.AffinityRecordsQuery['affinities']
export type AffinityArguments = Arguments<operations.AffinityQueryVariables>
export type AffinityCountsArguments = Arguments<operations.AffinityCountsQueryVariables>
export type AffinityHistoryArguments = Arguments<operations.AffinityHistoryQueryVariables>
export type AffinityHistory = operations.AffinityHistoryQuery['affinityHistory']
export type CacheUsageArguments = Arguments<operations.CacheUsageQueryVariables>
export type CacheUsage = NonNullable<operations.CacheUsageQuery['cacheUsage']>
export type CacheFigures = CacheUsage['total']
export type SwitchCostsArguments = Arguments<operations.SwitchCostsQueryVariables>
export type SwitchCosts = NonNullable<operations.SwitchCostsQuery['switchCosts']>
export type SwitchFigures = SwitchCosts['total']
export type TtlAdviceArguments = Arguments<operations.TtlAdviceQueryVariables>
export type TtlAdviceList = NonNullable<operations.TtlAdviceQuery['ttlAdvice']>
export type TtlAdvice = TtlAdviceList['groups'][number]
export type RequestIntervalsArguments = Arguments<operations.RequestIntervalsQueryVariables>
export type RequestIntervals = NonNullable<operations.RequestIntervalsQuery['requestIntervals']>
export type AffinityChangesArguments = Arguments<operations.AffinityChangesQueryVariables>
export type AffinityChangesPage = operations.AffinityChangesQuery['affinityChanges']
export type AffinityChange = AffinityChangesPage['nodes'][number]
export type ClearFollowUpArguments = Arguments<operations.ClearFollowUpNowQueryVariables>
export type AffinityCounts = operations.AffinityCountsQuery['affinityCounts']
export type ProvidersArguments = Arguments<operations.ProvidersQueryVariables>
export type ProviderPage = operations.ProvidersQuery['providers']
export type ProviderKeysArguments = Arguments<operations.ProviderKeysQueryVariables>
export type ProviderKeyPage = operations.ProviderKeysQuery['providerKeys']
export type GlobalModelsArguments = Arguments<operations.GlobalModelsQueryVariables>
export type GlobalModelPage = operations.GlobalModelsQuery['globalModels']
export type UsersArguments = Arguments<operations.UsersQueryVariables>
export type UserPage = operations.UsersQuery['users']
export type UserAffinitiesArguments = Arguments<operations.UserAffinitiesQueryVariables>
export type UserAffinitiesResult = operations.UserAffinitiesQuery['userAffinities']
export type Gateway = operations.GatewayQuery['gateway']
export type SchedulingMode = operations.SchedulingModeQuery['gateway']
export type CacheConfig = operations.CacheConfigQuery['cacheConfig']
export type ModelMappingStats = operations.ModelMappingStatsQuery['modelMappingStats']
export type ModelMappingsArguments = Arguments<operations.ModelMappingsQueryVariables>
export type ModelMappingPage = operations.ModelMappingsQuery['modelMappings']
export type ModelMapping = ModelMappingPage['nodes'][number]
export type ProviderModelMappingsArguments = Arguments<operations.ProviderModelMappingsQueryVariables>
export type ProviderModelMappingPage = operations.ProviderModelMappingsQuery['providerModelMappings']
export type ProviderModelMapping = ProviderModelMappingPage['nodes'][number]
export type UnmappedEntriesArguments = Arguments<operations.UnmappedEntriesQueryVariables>
export type UnmappedEntryPage = operations.UnmappedEntriesQuery['unmappedEntries']
export type UnmappedEntry = UnmappedEntryPage['nodes'][number]
export type PoolSessionsArguments = Arguments<operations.PoolSessionsQueryVariables>
export type PoolSessionPage = operations.PoolSessionsQuery['poolSessions']
export type PoolSession = PoolSessionPage['nodes'][number]
export type AuditEventsArguments = Arguments<operations.AuditEventsQueryVariables>
export type AuditEventPage = operations.AuditEventsQuery['auditEvents']

export type LoginArguments = Arguments<operations.LoginMutationVariables>
export type LoginResult = operations.LoginMutation['login']
export type ClearUserCacheArguments = Arguments<operations.ClearUserCacheMutationVariables>
export type ClearUserCacheResult = operations.ClearUserCacheMutation['clearUserCache']
export type ClearSingleAffinityArguments = Arguments<operations.ClearSingleAffinityMutationVariables>
export type ClearSingleAffinityResult = operations.ClearSingleAffinityMutation['clearSingleAffinity']
export type ClearProviderCacheArguments = Arguments<operations.ClearProviderCacheMutationVariables>
export type ClearProviderCacheResult = operations.ClearProviderCacheMutation['clearProviderCache']
export type ClearAffinitiesArguments = Arguments<operations.ClearAffinitiesMutationVariables>
export type ClearAffinitiesResult = operations.ClearAffinitiesMutation['clearAffinities']
export type ClearPoolSessionsArguments = Arguments<operations.ClearPoolSessionsMutationVariables>
export type ClearPoolSessionsResult = operations.ClearPoolSessionsMutation['clearPoolSessions']
export type ClearAllCacheArguments = Arguments<operations.ClearAllCacheMutationVariables>
export type ClearAllCacheResult = operations.ClearAllCacheMutation['clearAllCache']
export type ClearAllModelMappingCacheArguments =
  Arguments<operations.ClearAllModelMappingCacheMutationVariables>
export type ClearAllModelMappingCacheResult =
  operations.ClearAllModelMappingCacheMutation['clearAllModelMappingCache']
export type ClearModelMappingCacheByNameArguments =
  Arguments<operations.ClearModelMappingCacheByNameMutationVariables>
export type ClearModelMappingCacheByNameResult =
  operations.ClearModelMappingCacheByNameMutation['clearModelMappingCacheByName']
export type ClearProviderModelMappingCacheArguments =
  Arguments<operations.ClearProviderModelMappingCacheMutationVariables>
export type ClearProviderModelMappingCacheResult =
  operations.ClearProviderModelMappingCacheMutation['clearProviderModelMappingCache']

export type AffinityEventsArguments = Arguments<operations.AffinityEventsSubscriptionVariables>
export type AffinityEvent = operations.AffinityEventsSubscription['affinityEvents']
