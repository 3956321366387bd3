import { InvalidInputError, NotFoundError, UnavailableError } from '../errors.js'
import {
  affinities,
  type UserAffinities as UserAffinitiesShape,
  userAffinities,
} from '../resolvers/affinities.js'
import { AffinityConnection } from './affinity-connection.js'
import { ApiKey } from './api-key.js'
import { builder } from './builder.js'
import { pageArguments, pageComplexity } from './paging.js'
import { selectedNodes } from './selected.js'
import { User } from './user.js'

export const AffinityFilter = builder.inputType('AffinityFilter', {
  description: 'Every field given must hold. A field that is null says nothing.',
  fields: (t) => ({
    affinityKey: t.id({ description: 'API key id.' }),
    userId: t.id({ description: 'Affinities of all of this user’s API keys.' }),
    providerId: t.id({ description: 'Pinned to this provider.' }),
    endpointId: t.id({ description: 'Pinned to this endpoint.' }),
    providerKeyId: t.id({ description: 'Pinned to this provider key.' }),
    modelId: t.string({ description: 'Model component of the cache key: a global model id or a raw name.' }),
    apiFormat: t.string({ description: 'Exactly as stored, such as CLAUDE.' }),
    stale: t.boolean({
      description: 'True: only pins that can no longer be honoured; false: only those that can.',
    }),
  }),
})

const AffinityOrderField = builder.enumType('AffinityOrderField', {
  description: 'By what affinities are ordered.',
  values: {
    EXPIRES_AT: { description: 'When they expire unless they are used again.' },
    CREATED_AT: { description: 'When they were first pinned so.' },
    REQUEST_COUNT: { description: 'How many requests they have served.' },
  } as const,
})

const OrderDirection = builder.enumType('OrderDirection', {
  description: 'Which end of an order comes first.',
  values: {
    ASC: { description: 'Earliest or smallest first.' },
    DESC: { description: 'Latest or largest first: the exact reverse.' },
  } as const,
})

const AffinityOrder = builder.inputType('AffinityOrder', {
  description:
    'An order of affinities. Ties are broken by the cache key: its first 512 characters, then a digest of a longer one. To read all pages, order by CREATED_AT ASC: a use moves a record in the other orders, so that a walk may miss it or meet it twice.',
  fields: (t) => ({
    field: t.field({
      type: AffinityOrderField,
      description: 'By what.',
      required: true,
      defaultValue: 'EXPIRES_AT',
    }),
    direction: t.field({
      type: OrderDirection,
      description: 'Which end first.',
      required: true,
      defaultValue: 'DESC',
    }),
  }),
})

builder.queryField('affinities', (t) =>
  t.field({
    type: AffinityConnection,
    description:
      'All live affinities, a page at a time. Search, filter and order apply to all of them before the page is cut.',
    args: {
      ...pageArguments(t.arg),
      offset: t.arg.int({ description: 'Records to skip, for numbered pages; not together with `after`.' }),
      search: t.arg.string({
        description:
          'An API key id, user id, username or email, exactly; otherwise part of the id or name of an API key, user, provider, provider key or model, or of an email, whatever its case. At most 255 characters.',
      }),
      filter: t.arg({
        type: AffinityFilter,
        description: 'Only records for which every field given holds; beside `search`, both must.',
      }),
      orderBy: t.arg({ type: AffinityOrder, description: 'Default: latest expiry first.' }),
    },
    complexity: pageComplexity,
    resolve: (_root, args, context, info) => affinities(args, context, selectedNodes(info)),
  }),
)

const UserAffinities = builder.objectRef<UserAffinitiesShape>('UserAffinities').implement({
  description: 'Whose affinities these are, and the affinities.',
  fields: (t) => ({
    user: t.expose('user', {
      type: User,
      description: 'The user that was named, or the owner of the API key.',
    }),
    apiKey: t.expose('apiKey', {
      type: ApiKey,
      nullable: true,
      description: 'When the identifier was an API key id: only its affinities are listed.',
    }),
    affinities: t.expose('affinities', {
      type: AffinityConnection,
      description: 'Theirs, latest expiry first.',
    }),
  }),
})

builder.queryField('userAffinities', (t) =>
  t.field({
    type: UserAffinities,
    description: 'The affinities of one user, or of one API key, latest expiry first.',
    args: {
      identifier: t.arg.string({
        required: true,
        description: 'API key id, user id, username or email, exactly; tried in this order.',
      }),
      ...pageArguments(t.arg),
    },
    complexity: pageComplexity,
    errors: {
      types: [NotFoundError, InvalidInputError, UnavailableError],
      union: { name: 'UserAffinitiesResult', description: 'The affinities, or why there are none to show.' },
    },
    resolve: (_root, args, context, info) =>
      userAffinities(args, context, selectedNodes(info, ['affinities'])),
  }),
)
