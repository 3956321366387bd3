/**
 * Made by scripts/build-client.mjs from operations.graphql: the operations' texts, and the types of what they take and
 * answer. Dates are ISO 8601 in UTC, as the server sends them.
 */

/** An operation's text, and the types of its variables and its answer. */
export interface Operation<Data, Variables> {
  readonly kind: 'query' | 'mutation' | 'subscription'
  readonly text: string
  /** Only for the types: it is never there. */
  readonly types?: (variables: Variables) => Data
}

type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] }
export type AffinityEventType =
  /** A new pin. */
  | 'CREATED'
  /** Not used for its lifetime. */
  | 'EXPIRED'
  /** Used again with the same pin. */
  | 'REFRESHED'
  /** Cleared or evicted before it expired. */
  | 'REMOVED'
  /** Pinned elsewhere: to another provider, endpoint or provider key. */
  | 'SWITCHED'

export type AffinityFilter = {
  /** API key id. */
  readonly affinityKey?: string | null | undefined
  /** Exactly as stored, such as CLAUDE. */
  readonly apiFormat?: string | null | undefined
  readonly endpointId?: string | null | undefined
  /** Model component of the cache key: a global model id or a raw name. */
  readonly modelId?: string | null | undefined
  readonly providerId?: string | null | undefined
  readonly providerKeyId?: string | null | undefined
  /** True: only pins that can no longer be honoured; false: only those that can. */
  readonly stale?: boolean | null | undefined
  /** Affinities of all of this user’s API keys. */
  readonly userId?: string | null | undefined
}

export type AffinityOrder = {
  readonly direction?: OrderDirection
  readonly field?: AffinityOrderField
}

export type AffinityOrderField = 'CREATED_AT' | 'EXPIRES_AT' | 'REQUEST_COUNT'

export type ErrorCode =
  /** The cache did not answer; the operation stopped. */
  | 'CACHE_UNAVAILABLE'
  /** Nothing was cleared: send `confirm: true` to go on. */
  | 'CONFIRMATION_REQUIRED'
  /** The database did not answer; the operation stopped. */
  | 'DATABASE_UNAVAILABLE'
  /** An argument cannot be meant as it stands. */
  | 'INVALID_INPUT'
  /** What was named does not exist. */
  | 'NOT_FOUND'
  /** A delete was sent and its reply never came: it may have happened. Clears can be repeated safely. */
  | 'OUTCOME_UNKNOWN'

export type OrderDirection = 'ASC' | 'DESC'

export type StaleReason =
  | 'API_KEY_DELETED'
  | 'API_KEY_EXPIRED'
  | 'API_KEY_INACTIVE'
  | 'CIRCUIT_OPEN'
  | 'ENDPOINT_DELETED'
  | 'ENDPOINT_INACTIVE'
  | 'MODEL_DELETED'
  | 'MODEL_INACTIVE'
  | 'PROVIDER_DELETED'
  | 'PROVIDER_INACTIVE'
  | 'PROVIDER_KEY_DELETED'
  | 'PROVIDER_KEY_EXPIRED'
  | 'PROVIDER_KEY_INACTIVE'
  | 'USER_INACTIVE'

export type StorageType =
  /** This process’s own memory: the embedded demo. */
  | 'MEMORY'
  /** The gateway’s Redis. */
  | 'REDIS'

export type UnmappedStatus =
  /** What is cached is of another Redis type and cannot be read. */
  | 'ERROR'
  /** What is cached is not the JSON of a model. */
  | 'INVALID'
  /** No model has this name; the gateway remembers that. */
  | 'NOT_FOUND'

export type UserRole = 'ADMIN' | 'USER'

export type AffinityRecordFragment = {
  readonly affinityKey: string
  readonly apiFormat: string
  readonly modelId: string
  readonly providerId: string
  readonly endpointId: string
  readonly providerKeyId: string
  readonly requestCount: number
  readonly createdAt: string
  readonly expiresAt: string
}

export type AffinityFragment = {
  readonly id: string
  readonly ttlSeconds: number
  readonly modelName: string | null
  readonly modelDisplayName: string | null
  readonly rateMultiplier: number | null
  readonly isStandalone: boolean | null
  readonly staleReasons: ReadonlyArray<StaleReason> | null
  readonly apiKey: {
    readonly id: string
    readonly name: string | null
    readonly maskedKey: string | null
    readonly isStandalone: boolean
    readonly isActive: boolean
    readonly expiresAt: string | null
  } | null
  readonly user: AccountFragment | null
  readonly provider: {
    readonly id: string
    readonly name: string
    readonly displayName: string
    readonly isActive: boolean
  } | null
  readonly endpoint: {
    readonly id: string
    readonly apiFormat: string
    readonly baseUrl: string
    readonly isActive: boolean
  } | null
  readonly providerKey: {
    readonly id: string
    readonly name: string
    readonly maskedKey: string | null
    readonly rateMultiplier: number
    readonly cacheTtlMinutes: number
    readonly isActive: boolean
  } | null
  readonly model: {
    readonly id: string
    readonly name: string
    readonly displayName: string
    readonly isActive: boolean
  } | null
} & AffinityRecordFragment

export type AccountFragment = {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly role: UserRole
  readonly isActive: boolean
}

export type PageInfoFragment = { readonly hasNextPage: boolean; readonly endCursor: string | null }

export type AuditEventFragment = {
  readonly id: string
  readonly action: string
  readonly success: boolean
  readonly createdAt: string
  readonly actorName: string
  readonly ipAddress: string | null
  readonly requestId: string | null
  readonly errorMessage: string | null
  readonly metadata: unknown
  readonly actor: AccountFragment | null
}

export type ReservationConfigFragment = {
  readonly probePhaseRequests: number
  readonly probeReservation: number
  readonly stableMinReservation: number
  readonly stableMaxReservation: number
  readonly lowLoadThreshold: number
  readonly highLoadThreshold: number
}

export type CacheStatsFragment = {
  readonly scheduler: string
  readonly schedulingMode: string
  readonly priorityMode: string
  readonly storageType: StorageType
  readonly totalAffinities: number
  readonly cacheHits: number
  readonly cacheMisses: number
  readonly cacheHitRate: number | null
  readonly cacheInvalidations: number
  readonly providerSwitches: number
  readonly keySwitches: number
  readonly schedulerMetrics: {
    readonly totalBatches: number
    readonly lastBatchSize: number
    readonly totalCandidates: number
    readonly lastCandidateCount: number
    readonly cacheHits: number
    readonly cacheMisses: number
    readonly cacheHitRate: number | null
    readonly concurrencyDenied: number
    readonly avgCandidatesPerBatch: number
    readonly lastApiFormat: string | null
    readonly lastModelName: string | null
    readonly lastUpdatedAt: string | null
    readonly reservationProbeCount: number
    readonly reservationStableCount: number
    readonly avgReservationRatio: number
  }
  readonly affinityStats: {
    readonly storageType: StorageType
    readonly totalAffinities: number
    readonly cacheHits: number
    readonly cacheMisses: number
    readonly cacheHitRate: number | null
    readonly cacheInvalidations: number
    readonly providerSwitches: number
    readonly keySwitches: number
    readonly defaultTtlSeconds: number
  }
  readonly dynamicReservation: {
    readonly enabled: boolean
    readonly currentAvgRatio: number
    readonly probePhaseRatio: number
    readonly totalChecks: number
    readonly config: ReservationConfigFragment
  }
  readonly observed: {
    readonly since: string
    readonly created: number
    readonly refreshed: number
    readonly providerSwitches: number
    readonly keySwitches: number
    readonly removed: number
    readonly expired: number
    readonly reuseRate: number | null
  }
}

type Failure_ConfirmationRequiredError_Fragment = { readonly code: ErrorCode; readonly message: string }

type Failure_InvalidInputError_Fragment = {
  readonly field: string | null
  readonly code: ErrorCode
  readonly message: string
}

type Failure_NotFoundError_Fragment = { readonly code: ErrorCode; readonly message: string }

type Failure_UnavailableError_Fragment = {
  readonly clearedCount: number
  readonly code: ErrorCode
  readonly message: string
}

export type FailureFragment =
  | Failure_ConfirmationRequiredError_Fragment
  | Failure_InvalidInputError_Fragment
  | Failure_NotFoundError_Fragment
  | Failure_UnavailableError_Fragment

type ClearOutcome_ClearAffinitiesPayload_Fragment = {
  readonly message: string
  readonly clearedCount: number
  readonly dryRun: boolean
  readonly auditEvent: AuditEventFragment
}

type ClearOutcome_ClearAllCachePayload_Fragment = {
  readonly message: string
  readonly clearedCount: number
  readonly dryRun: boolean
  readonly auditEvent: AuditEventFragment
}

type ClearOutcome_ClearModelMappingPayload_Fragment = {
  readonly message: string
  readonly clearedCount: number
  readonly dryRun: boolean
  readonly auditEvent: AuditEventFragment
}

type ClearOutcome_ClearProviderCachePayload_Fragment = {
  readonly message: string
  readonly clearedCount: number
  readonly dryRun: boolean
  readonly auditEvent: AuditEventFragment
}

type ClearOutcome_ClearSingleAffinityPayload_Fragment = {
  readonly message: string
  readonly clearedCount: number
  readonly dryRun: boolean
  readonly auditEvent: AuditEventFragment
}

type ClearOutcome_ClearUserCachePayload_Fragment = {
  readonly message: string
  readonly clearedCount: number
  readonly dryRun: boolean
  readonly auditEvent: AuditEventFragment
}

export type ClearOutcomeFragment =
  | ClearOutcome_ClearAffinitiesPayload_Fragment
  | ClearOutcome_ClearAllCachePayload_Fragment
  | ClearOutcome_ClearModelMappingPayload_Fragment
  | ClearOutcome_ClearProviderCachePayload_Fragment
  | ClearOutcome_ClearSingleAffinityPayload_Fragment
  | ClearOutcome_ClearUserCachePayload_Fragment

export type ViewerQueryVariables = Exact<{ [key: string]: never }>

export type ViewerQuery = {
  readonly viewer: {
    readonly name: string
    readonly role: UserRole
    readonly canClear: boolean
    readonly user: AccountFragment | null
  }
}

export type AffinitiesQueryVariables = Exact<{
  first?: number | null | undefined
  after?: string | null | undefined
  offset?: number | null | undefined
  search?: string | null | undefined
  filter?: AffinityFilter | null | undefined
  orderBy?: AffinityOrder | null | undefined
}>

export type AffinitiesQuery = {
  readonly affinities: {
    readonly totalCount: number
    readonly matchedUser: AccountFragment | null
    readonly matchedApiKey: { readonly id: string; readonly name: string | null } | null
    readonly pageInfo: PageInfoFragment
    readonly nodes: ReadonlyArray<AffinityFragment>
  }
}

export type AffinityRecordsQueryVariables = Exact<{
  first?: number | null | undefined
  after?: string | null | undefined
  offset?: number | null | undefined
  search?: string | null | undefined
  filter?: AffinityFilter | null | undefined
  orderBy?: AffinityOrder | null | undefined
}>

export type AffinityRecordsQuery = {
  readonly affinities: {
    readonly totalCount: number
    readonly pageInfo: PageInfoFragment
    readonly nodes: ReadonlyArray<AffinityRecordFragment>
  }
}

export type UserAffinitiesQueryVariables = Exact<{
  identifier: string
  first?: number | null | undefined
  after?: string | null | undefined
}>

export type UserAffinitiesQuery = {
  readonly userAffinities:
    | ({ readonly __typename: 'InvalidInputError' } & Failure_InvalidInputError_Fragment)
    | ({ readonly __typename: 'NotFoundError' } & Failure_NotFoundError_Fragment)
    | ({ readonly __typename: 'UnavailableError' } & Failure_UnavailableError_Fragment)
    | {
        readonly __typename: 'UserAffinities'
        readonly user: AccountFragment
        readonly apiKey: {
          readonly id: string
          readonly name: string | null
          readonly maskedKey: string | null
        } | null
        readonly affinities: {
          readonly totalCount: number
          readonly pageInfo: PageInfoFragment
          readonly nodes: ReadonlyArray<AffinityFragment>
        }
      }
}

export type CacheStatsQueryVariables = Exact<{ [key: string]: never }>

export type CacheStatsQuery = { readonly cacheStats: CacheStatsFragment }

export type CacheConfigQueryVariables = Exact<{ [key: string]: never }>

export type CacheConfigQuery = {
  readonly cacheConfig: {
    readonly cacheTtlSeconds: number
    readonly cacheReservationRatio: number
    readonly dynamicReservation: ReservationConfigFragment
    readonly parameters: ReadonlyArray<{
      readonly name: string
      readonly value: number
      readonly description: string
    }>
  }
}

export type ModelMappingStatsQueryVariables = Exact<{ [key: string]: never }>

export type ModelMappingStatsQuery = {
  readonly modelMappingStats: {
    readonly available: boolean
    readonly message: string | null
    readonly ttlSeconds: number | null
    readonly totalKeys: number
    readonly breakdown: {
      readonly modelById: number
      readonly modelByProviderGlobal: number
      readonly globalModelById: number
      readonly globalModelByName: number
      readonly globalModelResolve: number
    }
  }
}

export type ModelMappingsQueryVariables = Exact<{
  first?: number | null | undefined
  after?: string | null | undefined
  search?: string | null | undefined
}>

export type ModelMappingsQuery = {
  readonly modelMappings: {
    readonly totalCount: number
    readonly pageInfo: PageInfoFragment
    readonly nodes: ReadonlyArray<{
      readonly mappingName: string
      readonly globalModelId: string | null
      readonly globalModelName: string | null
      readonly globalModelDisplayName: string | null
      readonly ttlSeconds: number | null
      readonly providers: ReadonlyArray<{
        readonly id: string
        readonly name: string
        readonly displayName: string
      }>
    }>
  }
}

export type ProviderModelMappingsQueryVariables = Exact<{
  first?: number | null | undefined
  after?: string | null | undefined
  search?: string | null | undefined
  providerId?: string | null | undefined
  globalModelId?: string | null | undefined
}>

export type ProviderModelMappingsQuery = {
  readonly providerModelMappings: {
    readonly totalCount: number
    readonly pageInfo: PageInfoFragment
    readonly nodes: ReadonlyArray<{
      readonly providerId: string
      readonly providerName: string
      readonly globalModelId: string
      readonly globalModelName: string
      readonly globalModelDisplayName: string | null
      readonly providerModelName: string
      readonly aliases: ReadonlyArray<string>
      readonly hitCount: number
      readonly ttlSeconds: number | null
    }>
  }
}

export type UnmappedEntriesQueryVariables = Exact<{
  first?: number | null | undefined
  after?: string | null | undefined
}>

export type UnmappedEntriesQuery = {
  readonly unmappedEntries: {
    readonly totalCount: number
    readonly pageInfo: PageInfoFragment
    readonly nodes: ReadonlyArray<{
      readonly mappingName: string
      readonly status: UnmappedStatus
      readonly ttlSeconds: number | null
    }>
  }
}

export type AuditEventsQueryVariables = Exact<{
  first?: number | null | undefined
  after?: string | null | undefined
  action?: string | null | undefined
}>

export type AuditEventsQuery = {
  readonly auditEvents: {
    readonly totalCount: number
    readonly pageInfo: PageInfoFragment
    readonly nodes: ReadonlyArray<AuditEventFragment>
  }
}

export type LoginMutationVariables = Exact<{
  email: string
  password: string
}>

export type LoginMutation = {
  readonly login:
    | { readonly __typename: 'InvalidCredentialsError'; readonly message: string }
    | {
        readonly __typename: 'Session'
        readonly token: string
        readonly expiresAt: string
        readonly viewer: { readonly name: string; readonly role: UserRole; readonly canClear: boolean }
      }
}

export type ClearUserCacheMutationVariables = Exact<{
  identifier: string
  dryRun?: boolean
}>

export type ClearUserCacheMutation = {
  readonly clearUserCache:
    | ({
        readonly __typename: 'ClearUserCachePayload'
        readonly user: AccountFragment | null
        readonly apiKey: { readonly id: string; readonly name: string | null } | null
      } & ClearOutcome_ClearUserCachePayload_Fragment)
    | ({ readonly __typename: 'InvalidInputError' } & Failure_InvalidInputError_Fragment)
    | ({ readonly __typename: 'NotFoundError' } & Failure_NotFoundError_Fragment)
    | ({ readonly __typename: 'UnavailableError' } & Failure_UnavailableError_Fragment)
}

export type ClearSingleAffinityMutationVariables = Exact<{
  affinityKey: string
  endpointId: string
  modelId: string
  apiFormat: string
  dryRun?: boolean
}>

export type ClearSingleAffinityMutation = {
  readonly clearSingleAffinity:
    | ({
        readonly __typename: 'ClearSingleAffinityPayload'
        readonly affinityId: string
      } & ClearOutcome_ClearSingleAffinityPayload_Fragment)
    | ({ readonly __typename: 'InvalidInputError' } & Failure_InvalidInputError_Fragment)
    | ({ readonly __typename: 'NotFoundError' } & Failure_NotFoundError_Fragment)
    | ({ readonly __typename: 'UnavailableError' } & Failure_UnavailableError_Fragment)
}

export type ClearProviderCacheMutationVariables = Exact<{
  providerId: string
  dryRun?: boolean
}>

export type ClearProviderCacheMutation = {
  readonly clearProviderCache:
    | ({
        readonly __typename: 'ClearProviderCachePayload'
        readonly providerId: string
        readonly provider: { readonly id: string; readonly name: string; readonly displayName: string } | null
      } & ClearOutcome_ClearProviderCachePayload_Fragment)
    | ({ readonly __typename: 'InvalidInputError' } & Failure_InvalidInputError_Fragment)
    | ({ readonly __typename: 'UnavailableError' } & Failure_UnavailableError_Fragment)
}

export type ClearAffinitiesMutationVariables = Exact<{
  filter: AffinityFilter
  dryRun?: boolean
}>

export type ClearAffinitiesMutation = {
  readonly clearAffinities:
    | ({ readonly __typename: 'ClearAffinitiesPayload' } & ClearOutcome_ClearAffinitiesPayload_Fragment)
    | ({ readonly __typename: 'InvalidInputError' } & Failure_InvalidInputError_Fragment)
    | ({ readonly __typename: 'UnavailableError' } & Failure_UnavailableError_Fragment)
}

export type ClearAllCacheMutationVariables = Exact<{
  confirm?: boolean
  dryRun?: boolean
}>

export type ClearAllCacheMutation = {
  readonly clearAllCache:
    | ({ readonly __typename: 'ClearAllCachePayload' } & ClearOutcome_ClearAllCachePayload_Fragment)
    | ({ readonly __typename: 'ConfirmationRequiredError' } & Failure_ConfirmationRequiredError_Fragment)
    | ({ readonly __typename: 'UnavailableError' } & Failure_UnavailableError_Fragment)
}

export type ClearAllModelMappingCacheMutationVariables = Exact<{
  confirm?: boolean
  dryRun?: boolean
}>

export type ClearAllModelMappingCacheMutation = {
  readonly clearAllModelMappingCache:
    | ({
        readonly __typename: 'ClearModelMappingPayload'
        readonly deletedKeys: ReadonlyArray<string>
      } & ClearOutcome_ClearModelMappingPayload_Fragment)
    | ({ readonly __typename: 'ConfirmationRequiredError' } & Failure_ConfirmationRequiredError_Fragment)
    | ({ readonly __typename: 'UnavailableError' } & Failure_UnavailableError_Fragment)
}

export type ClearModelMappingCacheByNameMutationVariables = Exact<{
  modelName: string
  dryRun?: boolean
}>

export type ClearModelMappingCacheByNameMutation = {
  readonly clearModelMappingCacheByName:
    | ({
        readonly __typename: 'ClearModelMappingPayload'
        readonly deletedKeys: ReadonlyArray<string>
      } & ClearOutcome_ClearModelMappingPayload_Fragment)
    | ({ readonly __typename: 'InvalidInputError' } & Failure_InvalidInputError_Fragment)
    | ({ readonly __typename: 'UnavailableError' } & Failure_UnavailableError_Fragment)
}

export type ClearProviderModelMappingCacheMutationVariables = Exact<{
  providerId: string
  globalModelId: string
  dryRun?: boolean
}>

export type ClearProviderModelMappingCacheMutation = {
  readonly clearProviderModelMappingCache:
    | ({
        readonly __typename: 'ClearModelMappingPayload'
        readonly deletedKeys: ReadonlyArray<string>
      } & ClearOutcome_ClearModelMappingPayload_Fragment)
    | ({ readonly __typename: 'InvalidInputError' } & Failure_InvalidInputError_Fragment)
    | ({ readonly __typename: 'UnavailableError' } & Failure_UnavailableError_Fragment)
}

export type AffinityEventsSubscriptionVariables = Exact<{
  filter?: AffinityFilter | null | undefined
}>

export type AffinityEventsSubscription = {
  readonly affinityEvents: {
    readonly type: AffinityEventType
    readonly at: string
    readonly previousProviderId: string | null
    readonly previousProviderKeyId: string | null
    readonly affinity: {
      readonly id: string
      readonly ttlSeconds: number
      readonly modelName: string | null
      readonly user: { readonly id: string; readonly username: string } | null
      readonly provider: { readonly id: string; readonly name: string; readonly displayName: string } | null
    } & AffinityRecordFragment
  }
}

export type CacheStatsLiveSubscriptionVariables = Exact<{
  intervalSeconds?: number | null | undefined
}>

export type CacheStatsLiveSubscription = { readonly cacheStats: CacheStatsFragment }

export const Viewer: Operation<ViewerQuery, ViewerQueryVariables> = {
  kind: 'query',
  text: `query Viewer {
  viewer {
    name
    role
    canClear
    user {
      ...Account
    }
  }
}

fragment Account on User {
  id
  username
  email
  role
  isActive
}`,
}
export const Affinities: Operation<AffinitiesQuery, AffinitiesQueryVariables> = {
  kind: 'query',
  text: `query Affinities($first: Int, $after: String, $offset: Int, $search: String, $filter: AffinityFilter, $orderBy: AffinityOrder) {
  affinities(
    first: $first
    after: $after
    offset: $offset
    search: $search
    filter: $filter
    orderBy: $orderBy
  ) {
    totalCount
    matchedUser {
      ...Account
    }
    matchedApiKey {
      id
      name
    }
    pageInfo {
      ...PageInfo
    }
    nodes {
      ...Affinity
    }
  }
}

fragment Account on User {
  id
  username
  email
  role
  isActive
}

fragment PageInfo on PageInfo {
  hasNextPage
  endCursor
}

fragment Affinity on Affinity {
  id
  ...AffinityRecord
  ttlSeconds
  modelName
  modelDisplayName
  rateMultiplier
  isStandalone
  staleReasons
  apiKey {
    id
    name
    maskedKey
    isStandalone
    isActive
    expiresAt
  }
  user {
    ...Account
  }
  provider {
    id
    name
    displayName
    isActive
  }
  endpoint {
    id
    apiFormat
    baseUrl
    isActive
  }
  providerKey {
    id
    name
    maskedKey
    rateMultiplier
    cacheTtlMinutes
    isActive
  }
  model {
    id
    name
    displayName
    isActive
  }
}

fragment AffinityRecord on Affinity {
  affinityKey
  apiFormat
  modelId
  providerId
  endpointId
  providerKeyId
  requestCount
  createdAt
  expiresAt
}`,
}
export const AffinityRecords: Operation<AffinityRecordsQuery, AffinityRecordsQueryVariables> = {
  kind: 'query',
  text: `query AffinityRecords($first: Int, $after: String, $offset: Int, $search: String, $filter: AffinityFilter, $orderBy: AffinityOrder) {
  affinities(
    first: $first
    after: $after
    offset: $offset
    search: $search
    filter: $filter
    orderBy: $orderBy
  ) {
    totalCount
    pageInfo {
      ...PageInfo
    }
    nodes {
      ...AffinityRecord
    }
  }
}

fragment PageInfo on PageInfo {
  hasNextPage
  endCursor
}

fragment AffinityRecord on Affinity {
  affinityKey
  apiFormat
  modelId
  providerId
  endpointId
  providerKeyId
  requestCount
  createdAt
  expiresAt
}`,
}
export const UserAffinities: Operation<UserAffinitiesQuery, UserAffinitiesQueryVariables> = {
  kind: 'query',
  text: `query UserAffinities($identifier: String!, $first: Int, $after: String) {
  userAffinities(identifier: $identifier, first: $first, after: $after) {
    __typename
    ...Failure
    ... on UserAffinities {
      user {
        ...Account
      }
      apiKey {
        id
        name
        maskedKey
      }
      affinities {
        totalCount
        pageInfo {
          ...PageInfo
        }
        nodes {
          ...Affinity
        }
      }
    }
  }
}

fragment Failure on Error {
  code
  message
  ... on InvalidInputError {
    field
  }
  ... on UnavailableError {
    clearedCount
  }
}

fragment Account on User {
  id
  username
  email
  role
  isActive
}

fragment PageInfo on PageInfo {
  hasNextPage
  endCursor
}

fragment Affinity on Affinity {
  id
  ...AffinityRecord
  ttlSeconds
  modelName
  modelDisplayName
  rateMultiplier
  isStandalone
  staleReasons
  apiKey {
    id
    name
    maskedKey
    isStandalone
    isActive
    expiresAt
  }
  user {
    ...Account
  }
  provider {
    id
    name
    displayName
    isActive
  }
  endpoint {
    id
    apiFormat
    baseUrl
    isActive
  }
  providerKey {
    id
    name
    maskedKey
    rateMultiplier
    cacheTtlMinutes
    isActive
  }
  model {
    id
    name
    displayName
    isActive
  }
}

fragment AffinityRecord on Affinity {
  affinityKey
  apiFormat
  modelId
  providerId
  endpointId
  providerKeyId
  requestCount
  createdAt
  expiresAt
}`,
}
export const CacheStats: Operation<CacheStatsQuery, CacheStatsQueryVariables> = {
  kind: 'query',
  text: `query CacheStats {
  cacheStats {
    ...CacheStats
  }
}

fragment CacheStats on CacheStats {
  scheduler
  schedulingMode
  priorityMode
  storageType
  totalAffinities
  cacheHits
  cacheMisses
  cacheHitRate
  cacheInvalidations
  providerSwitches
  keySwitches
  schedulerMetrics {
    totalBatches
    lastBatchSize
    totalCandidates
    lastCandidateCount
    cacheHits
    cacheMisses
    cacheHitRate
    concurrencyDenied
    avgCandidatesPerBatch
    lastApiFormat
    lastModelName
    lastUpdatedAt
    reservationProbeCount
    reservationStableCount
    avgReservationRatio
  }
  affinityStats {
    storageType
    totalAffinities
    cacheHits
    cacheMisses
    cacheHitRate
    cacheInvalidations
    providerSwitches
    keySwitches
    defaultTtlSeconds
  }
  dynamicReservation {
    enabled
    currentAvgRatio
    probePhaseRatio
    totalChecks
    config {
      ...ReservationConfig
    }
  }
  observed {
    since
    created
    refreshed
    providerSwitches
    keySwitches
    removed
    expired
    reuseRate
  }
}

fragment ReservationConfig on DynamicReservationConfig {
  probePhaseRequests
  probeReservation
  stableMinReservation
  stableMaxReservation
  lowLoadThreshold
  highLoadThreshold
}`,
}
export const CacheConfig: Operation<CacheConfigQuery, CacheConfigQueryVariables> = {
  kind: 'query',
  text: `query CacheConfig {
  cacheConfig {
    cacheTtlSeconds
    cacheReservationRatio
    dynamicReservation {
      ...ReservationConfig
    }
    parameters {
      name
      value
      description
    }
  }
}

fragment ReservationConfig on DynamicReservationConfig {
  probePhaseRequests
  probeReservation
  stableMinReservation
  stableMaxReservation
  lowLoadThreshold
  highLoadThreshold
}`,
}
export const ModelMappingStats: Operation<ModelMappingStatsQuery, ModelMappingStatsQueryVariables> = {
  kind: 'query',
  text: `query ModelMappingStats {
  modelMappingStats {
    available
    message
    ttlSeconds
    totalKeys
    breakdown {
      modelById
      modelByProviderGlobal
      globalModelById
      globalModelByName
      globalModelResolve
    }
  }
}`,
}
export const ModelMappings: Operation<ModelMappingsQuery, ModelMappingsQueryVariables> = {
  kind: 'query',
  text: `query ModelMappings($first: Int, $after: String, $search: String) {
  modelMappings(first: $first, after: $after, search: $search) {
    totalCount
    pageInfo {
      ...PageInfo
    }
    nodes {
      mappingName
      globalModelId
      globalModelName
      globalModelDisplayName
      providers {
        id
        name
        displayName
      }
      ttlSeconds
    }
  }
}

fragment PageInfo on PageInfo {
  hasNextPage
  endCursor
}`,
}
export const ProviderModelMappings: Operation<
  ProviderModelMappingsQuery,
  ProviderModelMappingsQueryVariables
> = {
  kind: 'query',
  text: `query ProviderModelMappings($first: Int, $after: String, $search: String, $providerId: ID, $globalModelId: ID) {
  providerModelMappings(
    first: $first
    after: $after
    search: $search
    providerId: $providerId
    globalModelId: $globalModelId
  ) {
    totalCount
    pageInfo {
      ...PageInfo
    }
    nodes {
      providerId
      providerName
      globalModelId
      globalModelName
      globalModelDisplayName
      providerModelName
      aliases
      hitCount
      ttlSeconds
    }
  }
}

fragment PageInfo on PageInfo {
  hasNextPage
  endCursor
}`,
}
export const UnmappedEntries: Operation<UnmappedEntriesQuery, UnmappedEntriesQueryVariables> = {
  kind: 'query',
  text: `query UnmappedEntries($first: Int, $after: String) {
  unmappedEntries(first: $first, after: $after) {
    totalCount
    pageInfo {
      ...PageInfo
    }
    nodes {
      mappingName
      status
      ttlSeconds
    }
  }
}

fragment PageInfo on PageInfo {
  hasNextPage
  endCursor
}`,
}
export const AuditEvents: Operation<AuditEventsQuery, AuditEventsQueryVariables> = {
  kind: 'query',
  text: `query AuditEvents($first: Int, $after: String, $action: String) {
  auditEvents(first: $first, after: $after, action: $action) {
    totalCount
    pageInfo {
      ...PageInfo
    }
    nodes {
      ...AuditEvent
    }
  }
}

fragment PageInfo on PageInfo {
  hasNextPage
  endCursor
}

fragment AuditEvent on AuditEvent {
  id
  action
  success
  createdAt
  actorName
  actor {
    ...Account
  }
  ipAddress
  requestId
  errorMessage
  metadata
}

fragment Account on User {
  id
  username
  email
  role
  isActive
}`,
}
export const Login: Operation<LoginMutation, LoginMutationVariables> = {
  kind: 'mutation',
  text: `mutation Login($email: String!, $password: String!) {
  login(email: $email, password: $password) {
    __typename
    ... on Session {
      token
      expiresAt
      viewer {
        name
        role
        canClear
      }
    }
    ... on InvalidCredentialsError {
      message
    }
  }
}`,
}
export const ClearUserCache: Operation<ClearUserCacheMutation, ClearUserCacheMutationVariables> = {
  kind: 'mutation',
  text: `mutation ClearUserCache($identifier: String!, $dryRun: Boolean! = false) {
  clearUserCache(identifier: $identifier, dryRun: $dryRun) {
    __typename
    ...Failure
    ...ClearOutcome
    ... on ClearUserCachePayload {
      user {
        ...Account
      }
      apiKey {
        id
        name
      }
    }
  }
}

fragment Failure on Error {
  code
  message
  ... on InvalidInputError {
    field
  }
  ... on UnavailableError {
    clearedCount
  }
}

fragment ClearOutcome on ClearPayload {
  message
  clearedCount
  dryRun
  auditEvent {
    ...AuditEvent
  }
}

fragment AuditEvent on AuditEvent {
  id
  action
  success
  createdAt
  actorName
  actor {
    ...Account
  }
  ipAddress
  requestId
  errorMessage
  metadata
}

fragment Account on User {
  id
  username
  email
  role
  isActive
}`,
}
export const ClearSingleAffinity: Operation<
  ClearSingleAffinityMutation,
  ClearSingleAffinityMutationVariables
> = {
  kind: 'mutation',
  text: `mutation ClearSingleAffinity($affinityKey: ID!, $endpointId: ID!, $modelId: String!, $apiFormat: String!, $dryRun: Boolean! = false) {
  clearSingleAffinity(
    affinityKey: $affinityKey
    endpointId: $endpointId
    modelId: $modelId
    apiFormat: $apiFormat
    dryRun: $dryRun
  ) {
    __typename
    ...Failure
    ...ClearOutcome
    ... on ClearSingleAffinityPayload {
      affinityId
    }
  }
}

fragment Failure on Error {
  code
  message
  ... on InvalidInputError {
    field
  }
  ... on UnavailableError {
    clearedCount
  }
}

fragment ClearOutcome on ClearPayload {
  message
  clearedCount
  dryRun
  auditEvent {
    ...AuditEvent
  }
}

fragment AuditEvent on AuditEvent {
  id
  action
  success
  createdAt
  actorName
  actor {
    ...Account
  }
  ipAddress
  requestId
  errorMessage
  metadata
}

fragment Account on User {
  id
  username
  email
  role
  isActive
}`,
}
export const ClearProviderCache: Operation<ClearProviderCacheMutation, ClearProviderCacheMutationVariables> =
  {
    kind: 'mutation',
    text: `mutation ClearProviderCache($providerId: ID!, $dryRun: Boolean! = false) {
  clearProviderCache(providerId: $providerId, dryRun: $dryRun) {
    __typename
    ...Failure
    ...ClearOutcome
    ... on ClearProviderCachePayload {
      providerId
      provider {
        id
        name
        displayName
      }
    }
  }
}

fragment Failure on Error {
  code
  message
  ... on InvalidInputError {
    field
  }
  ... on UnavailableError {
    clearedCount
  }
}

fragment ClearOutcome on ClearPayload {
  message
  clearedCount
  dryRun
  auditEvent {
    ...AuditEvent
  }
}

fragment AuditEvent on AuditEvent {
  id
  action
  success
  createdAt
  actorName
  actor {
    ...Account
  }
  ipAddress
  requestId
  errorMessage
  metadata
}

fragment Account on User {
  id
  username
  email
  role
  isActive
}`,
  }
export const ClearAffinities: Operation<ClearAffinitiesMutation, ClearAffinitiesMutationVariables> = {
  kind: 'mutation',
  text: `mutation ClearAffinities($filter: AffinityFilter!, $dryRun: Boolean! = false) {
  clearAffinities(filter: $filter, dryRun: $dryRun) {
    __typename
    ...Failure
    ...ClearOutcome
  }
}

fragment Failure on Error {
  code
  message
  ... on InvalidInputError {
    field
  }
  ... on UnavailableError {
    clearedCount
  }
}

fragment ClearOutcome on ClearPayload {
  message
  clearedCount
  dryRun
  auditEvent {
    ...AuditEvent
  }
}

fragment AuditEvent on AuditEvent {
  id
  action
  success
  createdAt
  actorName
  actor {
    ...Account
  }
  ipAddress
  requestId
  errorMessage
  metadata
}

fragment Account on User {
  id
  username
  email
  role
  isActive
}`,
}
export const ClearAllCache: Operation<ClearAllCacheMutation, ClearAllCacheMutationVariables> = {
  kind: 'mutation',
  text: `mutation ClearAllCache($confirm: Boolean! = false, $dryRun: Boolean! = false) {
  clearAllCache(confirm: $confirm, dryRun: $dryRun) {
    __typename
    ...Failure
    ...ClearOutcome
  }
}

fragment Failure on Error {
  code
  message
  ... on InvalidInputError {
    field
  }
  ... on UnavailableError {
    clearedCount
  }
}

fragment ClearOutcome on ClearPayload {
  message
  clearedCount
  dryRun
  auditEvent {
    ...AuditEvent
  }
}

fragment AuditEvent on AuditEvent {
  id
  action
  success
  createdAt
  actorName
  actor {
    ...Account
  }
  ipAddress
  requestId
  errorMessage
  metadata
}

fragment Account on User {
  id
  username
  email
  role
  isActive
}`,
}
export const ClearAllModelMappingCache: Operation<
  ClearAllModelMappingCacheMutation,
  ClearAllModelMappingCacheMutationVariables
> = {
  kind: 'mutation',
  text: `mutation ClearAllModelMappingCache($confirm: Boolean! = false, $dryRun: Boolean! = false) {
  clearAllModelMappingCache(confirm: $confirm, dryRun: $dryRun) {
    __typename
    ...Failure
    ...ClearOutcome
    ... on ClearModelMappingPayload {
      deletedKeys
    }
  }
}

fragment Failure on Error {
  code
  message
  ... on InvalidInputError {
    field
  }
  ... on UnavailableError {
    clearedCount
  }
}

fragment ClearOutcome on ClearPayload {
  message
  clearedCount
  dryRun
  auditEvent {
    ...AuditEvent
  }
}

fragment AuditEvent on AuditEvent {
  id
  action
  success
  createdAt
  actorName
  actor {
    ...Account
  }
  ipAddress
  requestId
  errorMessage
  metadata
}

fragment Account on User {
  id
  username
  email
  role
  isActive
}`,
}
export const ClearModelMappingCacheByName: Operation<
  ClearModelMappingCacheByNameMutation,
  ClearModelMappingCacheByNameMutationVariables
> = {
  kind: 'mutation',
  text: `mutation ClearModelMappingCacheByName($modelName: String!, $dryRun: Boolean! = false) {
  clearModelMappingCacheByName(modelName: $modelName, dryRun: $dryRun) {
    __typename
    ...Failure
    ...ClearOutcome
    ... on ClearModelMappingPayload {
      deletedKeys
    }
  }
}

fragment Failure on Error {
  code
  message
  ... on InvalidInputError {
    field
  }
  ... on UnavailableError {
    clearedCount
  }
}

fragment ClearOutcome on ClearPayload {
  message
  clearedCount
  dryRun
  auditEvent {
    ...AuditEvent
  }
}

fragment AuditEvent on AuditEvent {
  id
  action
  success
  createdAt
  actorName
  actor {
    ...Account
  }
  ipAddress
  requestId
  errorMessage
  metadata
}

fragment Account on User {
  id
  username
  email
  role
  isActive
}`,
}
export const ClearProviderModelMappingCache: Operation<
  ClearProviderModelMappingCacheMutation,
  ClearProviderModelMappingCacheMutationVariables
> = {
  kind: 'mutation',
  text: `mutation ClearProviderModelMappingCache($providerId: ID!, $globalModelId: ID!, $dryRun: Boolean! = false) {
  clearProviderModelMappingCache(
    providerId: $providerId
    globalModelId: $globalModelId
    dryRun: $dryRun
  ) {
    __typename
    ...Failure
    ...ClearOutcome
    ... on ClearModelMappingPayload {
      deletedKeys
    }
  }
}

fragment Failure on Error {
  code
  message
  ... on InvalidInputError {
    field
  }
  ... on UnavailableError {
    clearedCount
  }
}

fragment ClearOutcome on ClearPayload {
  message
  clearedCount
  dryRun
  auditEvent {
    ...AuditEvent
  }
}

fragment AuditEvent on AuditEvent {
  id
  action
  success
  createdAt
  actorName
  actor {
    ...Account
  }
  ipAddress
  requestId
  errorMessage
  metadata
}

fragment Account on User {
  id
  username
  email
  role
  isActive
}`,
}
export const AffinityEvents: Operation<AffinityEventsSubscription, AffinityEventsSubscriptionVariables> = {
  kind: 'subscription',
  text: `subscription AffinityEvents($filter: AffinityFilter) {
  affinityEvents(filter: $filter) {
    type
    at
    affinity {
      id
      ...AffinityRecord
      ttlSeconds
      modelName
      user {
        id
        username
      }
      provider {
        id
        name
        displayName
      }
    }
    previousProviderId
    previousProviderKeyId
  }
}

fragment AffinityRecord on Affinity {
  affinityKey
  apiFormat
  modelId
  providerId
  endpointId
  providerKeyId
  requestCount
  createdAt
  expiresAt
}`,
}
export const CacheStatsLive: Operation<CacheStatsLiveSubscription, CacheStatsLiveSubscriptionVariables> = {
  kind: 'subscription',
  text: `subscription CacheStatsLive($intervalSeconds: Int) {
  cacheStats(intervalSeconds: $intervalSeconds) {
    ...CacheStats
  }
}

fragment CacheStats on CacheStats {
  scheduler
  schedulingMode
  priorityMode
  storageType
  totalAffinities
  cacheHits
  cacheMisses
  cacheHitRate
  cacheInvalidations
  providerSwitches
  keySwitches
  schedulerMetrics {
    totalBatches
    lastBatchSize
    totalCandidates
    lastCandidateCount
    cacheHits
    cacheMisses
    cacheHitRate
    concurrencyDenied
    avgCandidatesPerBatch
    lastApiFormat
    lastModelName
    lastUpdatedAt
    reservationProbeCount
    reservationStableCount
    avgReservationRatio
  }
  affinityStats {
    storageType
    totalAffinities
    cacheHits
    cacheMisses
    cacheHitRate
    cacheInvalidations
    providerSwitches
    keySwitches
    defaultTtlSeconds
  }
  dynamicReservation {
    enabled
    currentAvgRatio
    probePhaseRatio
    totalChecks
    config {
      ...ReservationConfig
    }
  }
  observed {
    since
    created
    refreshed
    providerSwitches
    keySwitches
    removed
    expired
    reuseRate
  }
}

fragment ReservationConfig on DynamicReservationConfig {
  probePhaseRequests
  probeReservation
  stableMinReservation
  stableMaxReservation
  lowLoadThreshold
  highLoadThreshold
}`,
}
