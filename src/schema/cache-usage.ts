import {
  type CacheUsageAnswer,
  cacheUsage,
  DEFAULT_GROUPS,
  type UsageGroup,
} from '../resolvers/cache-usage.js'
import { actualNetSavedUsd, netSavedUsd, requestHitRate, tokenHitRate } from '../usage/cache-usage.js'
import type { CacheSums } from '../usage/usage-rows.js'
import { builder } from './builder.js'
import { namesOfGroup, rowsOfGroup } from './usage-groups.js'

/** More groups than this count as so many: their rows are summed by one statement, and few gateways have more. */
const MAX_PRICED_GROUPS = 1_000

export const UsageGrouping = builder.enumType('UsageGrouping', {
  description: 'The grouping says what the figures of usage are summed by.',
  values: {
    TOTAL: { description: 'All requests are one group.' },
    USER: { description: 'Each user is a group.' },
    API_KEY: { description: 'Each API key is a group.' },
    PROVIDER: { description: 'Each provider is a group.' },
    PROVIDER_KEY: { description: 'Each provider key is a group.' },
    MODEL: { description: 'Each model, by the name that the client asked for, is a group.' },
    API_FORMAT: {
      description: 'Each API format is a group; of a converted request it is the format of the endpoint.',
    },
    HOUR: { description: 'Each hour of the period, in UTC, is a group, oldest first; `first` is ignored.' },
    DAY: { description: 'Each day of the period, in UTC, is a group, oldest first; `first` is ignored.' },
  } as const,
})

export const UsageFilter = builder.inputType('UsageFilter', {
  description:
    'A filter selects the requests for which every given field holds. A field that is null is ignored.',
  fields: (t) => ({
    userId: t.id({ description: 'The user with this id sent the request.' }),
    apiKeyId: t.id({ description: 'The request came with the API key of this id.' }),
    providerId: t.id({ description: 'The provider with this id answered the request.' }),
    providerKeyId: t.id({ description: 'The provider key with this id answered the request.' }),
    model: t.string({ description: 'The client asked for the model of this name.' }),
    apiFormat: t.string({ description: 'The request reached the endpoint in this API format.' }),
  }),
})

const CacheFigures = builder.objectRef<CacheSums>('CacheFigures').implement({
  description:
    'These figures sum completed requests. Money is in US dollars at list price, unless its name begins with `actual`.',
  fields: (t) => ({
    requests: t.exposeInt('requests', { description: 'So many requests were completed, 0 or more.' }),
    requestsWithCacheRead: t.exposeInt('requestsWithCacheRead', {
      description: 'So many requests read tokens from the provider’s cache, 0 or more.',
    }),
    uncachedInputTokens: t.expose('uncachedInputTokens', {
      type: 'SafeInt',
      description: 'So many input tokens were neither read from the cache nor written to it, 0 or more.',
    }),
    cacheReadTokens: t.expose('cacheReadTokens', {
      type: 'SafeInt',
      description: 'So many input tokens were read from the cache, 0 or more.',
    }),
    cacheCreationTokens: t.expose('cacheCreationTokens', {
      type: 'SafeInt',
      description: 'So many input tokens were written to the cache, 0 or more.',
    }),
    requestHitRate: t.float({
      nullable: true,
      description: 'This is the share of requests that read from the cache, 0 to 1; null if there are none.',
      resolve: requestHitRate,
    }),
    tokenHitRate: t.float({
      nullable: true,
      description:
        'This is the share of input tokens that were read from the cache, 0 to 1; null if there are none.',
      resolve: tokenHitRate,
    }),
    cacheReadCostUsd: t.exposeFloat('cacheReadCostUsd', {
      nullable: true,
      description: 'The gateway’s rows name this cost of the tokens read; null if no row has one.',
    }),
    cacheCreationCostUsd: t.exposeFloat('cacheCreationCostUsd', {
      nullable: true,
      description: 'The gateway’s rows name this cost of the tokens written; null if no row has one.',
    }),
    savedUsd: t.exposeFloat('savedUsd', {
      nullable: true,
      description:
        'The tokens read would have cost so much more as plain input. Requests without prices are left out; null if no priced request has read tokens.',
    }),
    creationPremiumUsd: t.exposeFloat('creationPremiumUsd', {
      nullable: true,
      description:
        'The tokens written cost so much more than plain input. Requests without prices are left out; null if no priced request has written tokens.',
    }),
    netSavedUsd: t.float({
      nullable: true,
      description: 'This is `savedUsd` less `creationPremiumUsd`, each 0 where it is null; null if both are.',
      resolve: netSavedUsd,
    }),
    actualNetSavedUsd: t.float({
      nullable: true,
      description:
        'This is the net saving with each request’s times its rate multiplier; null if the net saving or the multipliers are unknown.',
      resolve: actualNetSavedUsd,
    }),
    unpricedRequests: t.exposeInt('unpricedRequests', {
      description:
        'So many requests read or wrote tokens at unknown prices, 0 or more: the savings leave them out.',
    }),
  }),
})

const CacheUsageGroup = builder.objectRef<UsageGroup>('CacheUsageGroup').implement({
  description: 'A group is the completed requests of one user, say, or of one hour.',
  fields: (t) => ({
    ...namesOfGroup(t),
    figures: t.field({
      type: CacheFigures,
      description: 'These figures sum the requests of the group.',
      resolve: ({ sums }) => sums,
    }),
    ...rowsOfGroup(t),
  }),
})

const CacheUsage = builder.objectRef<CacheUsageAnswer>('CacheUsage').implement({
  description: 'This says what the providers’ caches earned in a period, by the gateway’s own usage rows.',
  fields: (t) => ({
    since: t.expose('since', { type: 'DateTime', description: 'The period begins with this time.' }),
    until: t.expose('until', { type: 'DateTime', description: 'The period ends before this time.' }),
    by: t.expose('by', { type: UsageGrouping, description: 'The requests are grouped by this.' }),
    total: t.expose('total', { type: CacheFigures, description: 'These figures sum all requests.' }),
    groupCount: t.exposeInt('groupCount', { description: 'There are so many groups, 0 or more.' }),
    groups: t.expose('groups', {
      type: [CacheUsageGroup],
      // The query multiplies by their number already.
      complexity: { field: 1, multiplier: 1 },
      description:
        'The groups come by net saving, the largest first and unknown ones last, then by key; hours and days oldest first.',
    }),
    others: t.expose('others', {
      type: CacheFigures,
      description: 'These figures sum the groups that are not listed.',
    }),
  }),
})

builder.queryField('cacheUsage', (t) =>
  t.field({
    type: CacheUsage,
    nullable: true,
    authScopes: { $all: { viewer: true, permission: 'admin:usage:read' } },
    description:
      'This query sums what the providers’ caches earned, by completed requests of the period. It is null with NOT_AVAILABLE where the gateway has no usage rows.',
    args: {
      since: t.arg({ type: 'DateTime', required: true, description: 'The period begins with this time.' }),
      until: t.arg({
        type: 'DateTime',
        description: 'The period ends before this time, at most 31 days later; null or a later time: now.',
      }),
      by: t.arg({ type: UsageGrouping, required: true, description: 'The requests are grouped by this.' }),
      filter: t.arg({ type: UsageFilter, description: 'The filter selects requests.' }),
      first: t.arg.int({
        defaultValue: DEFAULT_GROUPS,
        description: 'At most so many groups are listed, 1 to 10,000.',
      }),
    },
    complexity: ({ first }) => ({
      field: 1,
      multiplier: Math.min(Math.max(first ?? DEFAULT_GROUPS, 1), MAX_PRICED_GROUPS),
    }),
    resolve: (_root, args, context) => cacheUsage(args, context),
  }),
)
