import { affinityHistory, type History, type HistoryBucket } from '../resolvers/history.js'
import { builder } from './builder.js'

const FIGURES = {
  created: 'Gateways made so many affinities; null if nothing of the bucket was seen.',
  refreshed: 'Affinities were used again so often with the same pin; null if nothing was seen.',
  switched:
    'Affinities were pinned elsewhere so often; a switch between two providers counts at both. It is null if nothing was seen.',
  removed:
    'So many affinities were removed before they expired, with those that clears removed; null if nothing was seen.',
  expired: 'So many affinities were not used until their TTL ran out; null if nothing was seen.',
  cleared: 'Clears of this instance removed so many affinities; null if nothing was seen.',
} as const

const AffinityHistoryBucket = builder.objectRef<HistoryBucket>('AffinityHistoryBucket').implement({
  description: 'A bucket counts the changes to affinities within a time.',
  fields: (t) => {
    const figure = (name: keyof typeof FIGURES) =>
      t.int({
        nullable: true,
        description: FIGURES[name],
        resolve: ({ figures }) => figures?.[name] ?? null,
      })
    return {
      start: t.expose('start', { type: 'DateTime', description: 'The bucket begins at this time.' }),
      seconds: t.exposeInt('seconds', { description: 'The bucket is so many seconds long.' }),
      complete: t.exposeBoolean('complete', {
        description: 'True if this instance saw every moment of the bucket; false also before it is over.',
      }),
      total: t.exposeInt('total', {
        nullable: true,
        description: 'So many affinities were live at the bucket’s end; null if that was not seen.',
      }),
      created: figure('created'),
      refreshed: figure('refreshed'),
      switched: figure('switched'),
      removed: figure('removed'),
      expired: figure('expired'),
      cleared: figure('cleared'),
    }
  },
})

const AffinityHistory = builder.objectRef<History>('AffinityHistory').implement({
  description: 'A history counts the changes that this instance of the service saw in the last 24 hours.',
  fields: (t) => ({
    knownSince: t.expose('knownSince', {
      type: 'DateTime',
      description: 'This instance counts changes since this time, at most 24 hours ago.',
    }),
    buckets: t.expose('buckets', {
      type: [AffinityHistoryBucket],
      complexity: { field: 1, multiplier: 1 },
      description: 'These are the buckets, oldest first.',
    }),
  }),
})

builder.queryField('affinityHistory', (t) =>
  t.field({
    type: AffinityHistory,
    description:
      'This query counts changes to affinities by time, as this instance saw them. What it did not see is null, not 0. Bad times are BAD_USER_INPUT.',
    args: {
      since: t.arg({
        type: 'DateTime',
        required: true,
        description: 'The first bucket holds this time.',
      }),
      until: t.arg({
        type: 'DateTime',
        description: 'The last bucket begins before this time; by default it is now.',
      }),
      bucketSeconds: t.arg.int({
        defaultValue: 60,
        description:
          'A bucket is so many seconds long, a multiple of 60 and aligned to the epoch; at most 1,440 buckets are answered.',
      }),
      providerId: t.arg.id({ description: 'Only changes at this provider are counted.' }),
    },
    complexity: { field: 1, multiplier: 1 },
    resolve: (_root, args, context) => affinityHistory(args, context),
  }),
)
