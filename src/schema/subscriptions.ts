import type { AffinityEvent as EventShape } from '../affinities/affinity-events.js'
import { affinityEvents, cacheStatsStream } from '../resolvers/subscriptions.js'
import { AffinityFilter } from './affinities.js'
import { Affinity } from './affinity.js'
import { builder } from './builder.js'
import { CacheStats } from './cache-stats.js'

builder.subscriptionType({ authScopes: { viewer: true } })

const AffinityEventType = builder.enumType('AffinityEventType', {
  description: 'What happened to an affinity.',
  values: {
    CREATED: { description: 'A new pin.' },
    REFRESHED: { description: 'Used again with the same pin.' },
    SWITCHED: { description: 'Pinned elsewhere: to another provider, endpoint or provider key.' },
    REMOVED: { description: 'Cleared or evicted before it expired.' },
    EXPIRED: { description: 'Not used for its lifetime.' },
  } as const,
})

const AffinityEvent = builder.objectRef<EventShape>('AffinityEvent').implement({
  description: 'Something that happened to an affinity, whichever gateway did it.',
  fields: (t) => ({
    type: t.expose('type', { type: AffinityEventType, description: 'What happened.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When this service saw it.' }),
    affinity: t.field({
      type: Affinity,
      description: 'As it is now; as it last was, where it is gone.',
      resolve: ({ record }) => record,
    }),
    previousProviderId: t.id({
      nullable: true,
      description: 'After SWITCHED: where it was pinned before.',
      resolve: ({ type, previous }) => (type === 'SWITCHED' ? previous?.providerId : null),
    }),
    previousProviderKeyId: t.id({
      nullable: true,
      description: 'After SWITCHED: the provider key that it was pinned to before.',
      resolve: ({ type, previous }) => (type === 'SWITCHED' ? previous?.providerKeyId : null),
    }),
  }),
})

builder.subscriptionFields((t) => ({
  affinityEvents: t.field({
    type: AffinityEvent,
    description:
      'Every change as it is seen, where the filter holds. Ends with CACHE_UNAVAILABLE when changes are not seen any more; a client that reads too slowly is disconnected. Connect again, and read the list anew.',
    args: {
      filter: t.arg({ type: AffinityFilter, description: 'Only records for which every field given holds.' }),
    },
    subscribe: (_root, { filter }, context) => affinityEvents(filter, context),
    resolve: (event) => event,
  }),
  cacheStats: t.field({
    type: CacheStats,
    description: 'The statistics now, and again after each interval.',
    args: {
      intervalSeconds: t.arg.int({ defaultValue: 5, description: 'Seconds between two answers, 1 to 60.' }),
    },
    subscribe: (_root, { intervalSeconds }, context) => cacheStatsStream(intervalSeconds, context),
    resolve: (stats) => stats,
  }),
}))
