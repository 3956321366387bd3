/** What usage figures can be grouped by. HOUR and DAY are in UTC. */
export const USAGE_GROUPINGS = [
  'TOTAL',
  'USER',
  'API_KEY',
  'PROVIDER',
  'PROVIDER_KEY',
  'MODEL',
  'API_FORMAT',
  'HOUR',
  'DAY',
] as const
export type UsageGrouping = (typeof USAGE_GROUPINGS)[number]

export interface UsageFilter {
  readonly userId?: string | null | undefined
  readonly apiKeyId?: string | null | undefined
  readonly providerId?: string | null | undefined
  readonly providerKeyId?: string | null | undefined
  readonly model?: string | null | undefined
  readonly apiFormat?: string | null | undefined
}

export const FILTER_FIELDS = [
  'userId',
  'apiKeyId',
  'providerId',
  'providerKeyId',
  'model',
  'apiFormat',
] as const satisfies readonly (keyof UsageFilter)[]

/** The fields of a filter that are given, always in the same order. */
export const givenIn = (filter: UsageFilter): readonly (keyof UsageFilter)[] =>
  FILTER_FIELDS.filter((name) => filter[name] !== null && filter[name] !== undefined)

/** Equal for filters that select the same rows. */
export const filterText = (filter: UsageFilter): string =>
  JSON.stringify(givenIn(filter).map((name) => [name, filter[name]]))

/** Times from `since` on and before `until`. */
export interface Period {
  readonly since: Date
  readonly until: Date
}

export interface UsageQuery extends Period {
  readonly by: UsageGrouping
  readonly filter: UsageFilter
  /** Hours that ended an hour ago change no more. */
  readonly now: Date
}

/** Sums over requests, which can be added to each other. Money is in US dollars; null: no request has such a figure. */
export interface CacheSums {
  readonly requests: number
  readonly requestsWithCacheRead: number
  readonly uncachedInputTokens: number
  readonly cacheReadTokens: number
  readonly cacheCreationTokens: number
  readonly unpricedRequests: number
  readonly cacheReadCostUsd: number | null
  readonly cacheCreationCostUsd: number | null
  readonly savedUsd: number | null
  readonly creationPremiumUsd: number | null
  /** The two above, each request's times its rate multiplier. */
  readonly actualSavedUsd: number | null
  readonly actualPremiumUsd: number | null
}

export interface CacheSumsOfGroup extends CacheSums {
  /** An id, a name, or the start of an hour or day in RFC 3339; null for requests without one, and for TOTAL. */
  readonly key: string | null
}

/** The gateway's usage rows of completed requests, read only. Throws UnavailableError (DATABASE_UNAVAILABLE). */
export interface UsageRows {
  /**
   * Sums by group; null where the tables lack what the question needs. The sums of hours that are over are kept. No statement
   * reads more than a day where an index finds its rows.
   * @throws UsageTooExpensiveError, OperationTimeoutError; the signal's reason
   */
  cacheSums(query: UsageQuery, signal: AbortSignal): Promise<readonly CacheSumsOfGroup[] | null>
  /** About the number of rows that `cacheSums` reads: those of hours that are not kept. */
  rowsToSum(query: UsageQuery): Promise<number>
  /** About the number of rows that the period has. */
  rowsIn(period: Period): Promise<number>
}
