import {
  DEFAULT_ADVICE,
  type TtlAdviceAnswer,
  type TtlAdviceOfGroup,
  ttlAdvice,
} from '../resolvers/ttl-advice.js'
import { apiKeyOf, labelOf, providerKeyOf, userOf } from '../resolvers/usage-groups.js'
import type { TtlOption as Option } from '../usage/ttl-advice.js'
import { builder } from './builder.js'
import { UsageFilter } from './cache-usage.js'
import { ApiKey, ProviderKey, User } from './entities.js'
import { periodArguments, timesFirst } from './usage-groups.js'

const TtlAdviceGrouping = builder.enumType('TtlAdviceGrouping', {
  description: 'The grouping says whose intervals between requests are looked at.',
  values: {
    USER: { description: 'Each user is a group, with the intervals between its requests.' },
    API_KEY: { description: 'Each API key is a group, with the intervals between its requests.' },
    PROVIDER_KEY: {
      description:
        'Each provider key is a group, with the intervals between neighbouring requests of one API key, model, API format and session, the first of which it answered.',
    },
  } as const,
})

const TtlReason = builder.enumType('TtlReason', {
  description: 'The reason says what a recommended TTL follows from.',
  values: {
    BAND_STILL_READS: {
      description: 'It is the longest TTL after which the provider’s cache was still read.',
    },
    TOO_FEW_NEIGHBOURS: {
      description: 'No time has enough neighbouring requests that read enough from the cache, so it is 5.',
    },
    TTL_IS_FIXED: { description: 'This gateway gives every pin the same TTL, so none is recommended.' },
  } as const,
})

const TtlOption = builder.objectRef<Option>('TtlOption').implement({
  description: 'An option is one of the TTLs that the gateway’s own rule chooses from.',
  fields: (t) => ({
    minutes: t.exposeInt('minutes', { description: 'The TTL is so many minutes long: 5, 15, 30 or 60.' }),
    keptShare: t.exposeFloat('keptShare', {
      description: 'This share of the intervals is at most so long, 0 to 1: their pins would be kept.',
    }),
    readShare: t.exposeFloat('readShare', {
      nullable: true,
      description:
        'Neighbouring requests that one provider key answered, longer apart than the option before and at most so long, read this share of their input from the cache, 0 to 1; null if there are none.',
    }),
    neighbours: t.exposeInt('neighbours', {
      description: 'There are so many of these neighbours, 0 or more.',
    }),
  }),
})

const COUNTS = {
  within5: 'So many intervals are at most 5 minutes long, 0 or more.',
  within15: 'So many intervals are longer than 5 and at most 15 minutes, 0 or more.',
  within30: 'So many intervals are longer than 15 and at most 30 minutes, 0 or more.',
  within60: 'So many intervals are longer than 30 and at most 60 minutes, 0 or more.',
  over60: 'So many intervals are longer than 60 minutes, 0 or more.',
} as const

const PERCENTILES = {
  p50Minutes: 'Half of the intervals are at most so many minutes long.',
  p75Minutes: 'Three quarters of the intervals are at most so many minutes long.',
  p90Minutes: 'Nine of ten intervals are at most so many minutes long.',
  maxMinutes: 'The longest interval is so many minutes long.',
} as const

const TtlAdvice = builder.objectRef<TtlAdviceOfGroup>('TtlAdvice').implement({
  description: 'This says how long a group pauses between requests, and which TTL follows from that.',
  fields: (t) => {
    const count = (at: 0 | 1 | 2 | 3 | 4, name: keyof typeof COUNTS) =>
      t.int({ description: COUNTS[name], resolve: ({ sums }) => sums.within[at] })
    const percentile = (name: keyof typeof PERCENTILES) =>
      t.float({ description: PERCENTILES[name], resolve: ({ sums }) => sums[name] })
    return {
      key: t.string({ description: 'The key is the id of the group.', resolve: ({ sums }) => sums.key }),
      label: t.string({
        description: 'People know the group by this name; it is the key where there is none.',
        resolve: (group, _args, { loaders }) => labelOf(group, loaders),
      }),
      user: t.field({
        type: User,
        nullable: true,
        description: 'The key names this user; null in other groupings, or if the row has been deleted.',
        resolve: (group, _args, { loaders }) => userOf(group, loaders),
      }),
      apiKey: t.field({
        type: ApiKey,
        nullable: true,
        description: 'The key names this API key; null in other groupings, or if the row has been deleted.',
        resolve: (group, _args, { loaders }) => apiKeyOf(group, loaders),
      }),
      providerKey: t.field({
        type: ProviderKey,
        nullable: true,
        description:
          'The key names this provider key; null in other groupings, or if the row has been deleted.',
        resolve: (group, _args, { loaders }) => providerKeyOf(group, loaders),
      }),
      requests: t.int({
        description: 'The group has so many completed requests, 1 or more.',
        resolve: ({ sums }) => sums.requests,
      }),
      intervals: t.int({
        description: 'There are so many intervals, 10 or more.',
        resolve: ({ sums }) => sums.intervals,
      }),
      within5: count(0, 'within5'),
      within15: count(1, 'within15'),
      within30: count(2, 'within30'),
      within60: count(3, 'within60'),
      over60: count(4, 'over60'),
      p50Minutes: percentile('p50Minutes'),
      p75Minutes: percentile('p75Minutes'),
      p90Minutes: percentile('p90Minutes'),
      maxMinutes: percentile('maxMinutes'),
      gatewayMinutes: t.exposeInt('gatewayMinutes', {
        description: 'The gateway’s own analysis would recommend so many minutes: 5, 15, 30 or 60.',
      }),
      currentMinutes: t.int({
        nullable: true,
        description:
          'The provider key’s TTL is so many minutes now, 0 for no pins; null in other groupings, or if the row has been deleted.',
        resolve: ({ sums }) => sums.currentMinutes,
      }),
      options: t.expose('options', {
        type: [TtlOption],
        complexity: { field: 1, multiplier: 4 },
        description: 'These are the TTLs of 5, 15, 30 and 60 minutes.',
      }),
      recommendedMinutes: t.exposeInt('recommendedMinutes', {
        nullable: true,
        description:
          'The longest TTL after which at least 20 neighbouring requests still read a tenth of their input from the cache, else 5; null where the TTL is fixed.',
      }),
      reason: t.expose('reason', { type: TtlReason, description: 'The recommendation follows from this.' }),
    }
  },
})

const TtlAdviceList = builder.objectRef<TtlAdviceAnswer>('TtlAdviceList').implement({
  description: 'This says by the gateway’s own usage rows how long pins should last.',
  fields: (t) => ({
    since: t.expose('since', { type: 'DateTime', description: 'The period begins with this time.' }),
    until: t.expose('until', { type: 'DateTime', description: 'The period ends before this time.' }),
    by: t.expose('by', { type: TtlAdviceGrouping, description: 'The intervals are grouped by this.' }),
    ttlIsFixed: t.exposeBoolean('ttlIsFixed', {
      description: 'True if this gateway gives every pin the same TTL, so that there is nothing to set.',
    }),
    groupCount: t.exposeInt('groupCount', {
      description: 'So many groups have 10 intervals or more, 0 or more.',
    }),
    groups: t.expose('groups', {
      type: [TtlAdvice],
      // The query multiplies by their number already.
      complexity: { field: 1, multiplier: 1 },
      description: 'The groups come by their number of intervals, the most first, then by key.',
    }),
  }),
})

builder.queryField('ttlAdvice', (t) =>
  t.field({
    type: TtlAdviceList,
    nullable: true,
    authScopes: { $all: { viewer: true, permission: 'admin:usage:read' } },
    description:
      'This query says how long users pause between requests, and which TTL follows from that. It is null with NOT_AVAILABLE where the gateway has no usage rows.',
    args: {
      ...periodArguments(t.arg),
      by: t.arg({
        type: TtlAdviceGrouping,
        required: true,
        description: 'The intervals are grouped by this.',
      }),
      filter: t.arg({ type: UsageFilter, description: 'The filter selects requests.' }),
      first: t.arg.int({
        defaultValue: DEFAULT_ADVICE,
        description: 'At most so many groups are listed, 1 to 10,000.',
      }),
    },
    complexity: ({ first }) => timesFirst(first, DEFAULT_ADVICE),
    resolve: (_root, args, context) => ttlAdvice(args, context),
  }),
)
