import {
  DEFAULT_POINTS,
  type RequestIntervals as Intervals,
  requestIntervals,
} from '../resolvers/request-intervals.js'
import type { Interval } from '../usage/usage-chains.js'
import { builder } from './builder.js'
import { UsageFilter } from './cache-usage.js'
import { periodArguments } from './usage-groups.js'

const RequestInterval = builder.objectRef<Interval>('RequestInterval').implement({
  description: 'An interval is the time between a request and the one before.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'The later request was created at this time.' }),
    minutes: t.exposeFloat('minutes', {
      description: 'The interval is so many minutes long, 0 or more, not rounded.',
    }),
    model: t.exposeString('model', { description: 'The later request asked for the model of this name.' }),
    userId: t.exposeID('userId', {
      nullable: true,
      description: 'The user with this id sent the later request; null if its row names none.',
    }),
    apiKeyId: t.exposeID('apiKeyId', {
      nullable: true,
      description: 'The later request came with the API key of this id; null if its row names none.',
    }),
  }),
})

const RequestIntervals = builder.objectRef<Intervals>('RequestIntervals').implement({
  description: 'These are the intervals between consecutive completed requests, for a scatter plot.',
  fields: (t) => ({
    total: t.exposeInt('total', { description: 'There are so many intervals, 0 or more.' }),
    sampled: t.exposeBoolean('sampled', {
      description: 'True if only every n-th interval is listed, since there are more than `first`.',
    }),
    points: t.expose('points', {
      type: [RequestInterval],
      // The query multiplies by their number already.
      complexity: { field: 1, multiplier: 1 },
      description: 'The intervals come by the later request’s time, oldest first.',
    }),
  }),
})

builder.queryField('requestIntervals', (t) =>
  t.field({
    type: RequestIntervals,
    nullable: true,
    authScopes: { $all: { viewer: true, permission: 'admin:usage:read' } },
    description:
      'This query lists the intervals between consecutive requests of a user or an API key, whatever their models. It is null with NOT_AVAILABLE where the gateway has no usage rows.',
    args: {
      ...periodArguments(t.arg),
      filter: t.arg({
        type: UsageFilter,
        required: true,
        description: 'The filter selects requests; it must name a user or an API key.',
      }),
      first: t.arg.int({
        defaultValue: DEFAULT_POINTS,
        description: 'At most so many intervals are listed, 1 to 10,000, chosen evenly.',
      }),
    },
    complexity: ({ first }) => ({ field: 1, multiplier: Math.max(first ?? DEFAULT_POINTS, 1) }),
    resolve: (_root, args, context) => requestIntervals(args, context),
  }),
)
