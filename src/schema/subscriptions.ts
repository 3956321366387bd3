import { type AffinityEvent as EventShape, previousPin } from '../affinities/affinity-events.js'
import { providerKeyOf } from '../resolvers/affinity.js'
import { clearFollowUp } from '../resolvers/follow-up.js'
import { affinityEvents, cacheStatsStream } from '../resolvers/subscriptions.js'
import { AffinityFilter } from './affinities.js'
import { Affinity } from './affinity.js'
import { builder, ownField } from './builder.js'
import { CacheStats } from './cache-stats.js'
import { Provider, ProviderKey } from './entities.js'
import { ClearFollowUp } from './follow-up.js'

export const AffinityEventType = builder.enumType('AffinityEventType', {
  description:
    'An affinity is created, refreshed, switched, removed or expired, or enters or leaves what a filter selects.',
  values: {
    CREATED: { description: 'A gateway has made the affinity.' },
    REFRESHED: { description: 'A request used the affinity again, and it kept its pin.' },
    SWITCHED: { description: 'A gateway pinned the affinity to another provider, endpoint or provider key.' },
    REMOVED: { description: 'The affinity was cleared or evicted before it expired.' },
    EXPIRED: { description: 'The affinity was not used until its TTL ran out.' },
    ENTERED: {
      description:
        'The filter of the subscription now holds for the affinity: it changed, or time or a row of the database did.',
    },
    LEFT: {
      description:
        'The filter of the subscription no longer holds for the affinity: it changed, or time or a row of the database did.',
    },
  } as const,
})

const AffinityEvent = builder.objectRef<EventShape>('AffinityEvent').implement({
  description: 'An event tells what happened to one affinity, whichever gateway did it.',
  fields: (t) => ({
    type: t.expose('type', {
      complexity: ownField,
      type: AffinityEventType,
      description: 'This says what happened to the affinity.',
    }),
    at: t.expose('at', {
      complexity: ownField,
      type: 'DateTime',
      description: 'This service saw the event at this time.',
    }),
    affinity: t.field({
      complexity: ownField,
      type: Affinity,
      description: 'This is the affinity as it is now; if it is gone, as it was last.',
      resolve: ({ record }) => record,
    }),
    previousProviderId: t.id({
      complexity: ownField,
      nullable: true,
      description:
        'The affinity was pinned to the provider with this id before; null if its pin has not changed.',
      resolve: (event) => previousPin(event)?.providerId,
    }),
    previousProvider: t.field({
      type: Provider,
      nullable: true,
      description: 'This is the row that `previousProviderId` names; null if it has been deleted.',
      resolve: (event, _args, { loaders }) => {
        const pin = previousPin(event)
        return pin ? loaders.providers.load(pin.providerId) : null
      },
    }),
    previousProviderKeyId: t.id({
      complexity: ownField,
      nullable: true,
      description:
        'The affinity was pinned to the provider key with this id before; null if its pin has not changed.',
      resolve: (event) => previousPin(event)?.providerKeyId,
    }),
    previousProviderKey: t.field({
      type: ProviderKey,
      nullable: true,
      description: 'This is the row that `previousProviderKeyId` names; null if it has been deleted.',
      resolve: (event, _args, context) => {
        const pin = previousPin(event)
        return pin ? providerKeyOf(pin, context) : null
      },
    }),
  }),
})

builder.subscriptionFields((t) => ({
  affinityEvents: t.field({
    complexity: ownField,
    type: AffinityEvent,
    description:
      'This subscription tells every change to an affinity for which the filter held before it or holds after it, as it is seen, and within 5 s what crosses the filter by time or by a row of the database, 1,000 at a time. It ends with CACHE_UNAVAILABLE when changes are not seen any more, and with RATE_LIMITED when what its events join has used up the budget; a client that reads too slowly is disconnected: connect again, and read the list anew.',
    args: {
      filter: t.arg({
        type: AffinityFilter,
        description: 'The filter keeps the affinities for which every given field holds.',
      }),
    },
    subscribe: (_root, { filter }, context) => affinityEvents(filter, context),
    resolve: (event) => event,
  }),
  cacheStats: t.field({
    type: CacheStats,
    description: 'This subscription tells the statistics now, and again after each interval.',
    args: {
      intervalSeconds: t.arg.int({
        defaultValue: 5,
        description: 'So many seconds lie between two answers, 1 to 60.',
      }),
    },
    subscribe: (_root, { intervalSeconds }, context) => cacheStatsStream(intervalSeconds, context),
    resolve: (stats) => stats,
  }),
  clearFollowUp: t.field({
    complexity: ownField,
    type: ClearFollowUp,
    description:
      'This subscription tells the follow-up of a clear now and at each change, at most once a second, until `watchedUntil`. It fails with BAD_USER_INPUT where no follow-up is kept, as of a dry run or at an instance that did not clear, and with CACHE_UNAVAILABLE when changes are not seen any more.',
    args: {
      auditEventId: t.arg.id({ required: true, description: 'This is the `AuditEvent.id` of the clear.' }),
    },
    subscribe: (_root, { auditEventId }, context) => clearFollowUp(auditEventId, context),
    resolve: (followUp) => followUp,
  }),
}))
