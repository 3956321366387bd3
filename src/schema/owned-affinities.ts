import type { AffinityRecord } from '../affinities/affinity-record.js'
import { InvalidInputError, NotFoundError, UnavailableError } from '../errors.js'
import {
  type AffinityPage,
  affinitiesOfApiKey,
  affinitiesOfUser,
  type UserAffinities as UserAffinitiesShape,
  userAffinities,
} from '../resolvers/affinities.js'
import { apiKeysOfUser, USUAL_API_KEYS } from '../resolvers/affinity.js'
import { Affinity } from './affinity.js'
import { builder } from './builder.js'
import { keysetConnection, pageArguments, pageComplexity, selectedNodes } from './connection.js'
import { ApiKey, User } from './entities.js'

export const AffinityConnection = keysetConnection<AffinityRecord, AffinityPage>(
  'Affinity',
  Affinity,
  'affinity',
  'This is one page of affinities.',
)

builder.objectFields(AffinityConnection, (t) => ({
  matchedUser: t.expose('matchedUser', {
    type: User,
    nullable: true,
    description:
      'This is the user that `search` names exactly, or the owner of the API key that it names; null if it names none.',
  }),
  matchedApiKey: t.expose('matchedApiKey', {
    type: ApiKey,
    nullable: true,
    description: 'This is the API key that `search` names exactly; null if it names none.',
  }),
}))

// Users and API keys own affinities. These fields are not in entities.ts, since an affinity leads back to both.

builder.objectFields(User, (t) => ({
  apiKeys: t.field({
    type: [ApiKey],
    description:
      'These are the user’s API keys, oldest first. A management token with a list of rights needs `admin:users:read`.',
    authScopes: { permission: 'admin:users:read' },
    complexity: { field: 1, multiplier: USUAL_API_KEYS },
    resolve: (user, _args, context) => apiKeysOfUser(user, context),
  }),
  affinities: t.field({
    type: AffinityConnection,
    description: 'These are the live affinities of the user’s API keys, latest expiry first.',
    args: pageArguments(t.arg),
    complexity: pageComplexity,
    resolve: (user, args, context, info) => affinitiesOfUser(user, args, context, selectedNodes(info)),
  }),
}))

builder.objectField(ApiKey, 'affinities', (t) =>
  t.field({
    type: AffinityConnection,
    description: 'These are the API key’s live affinities, latest expiry first.',
    args: pageArguments(t.arg),
    complexity: pageComplexity,
    resolve: (apiKey, args, context, info) => affinitiesOfApiKey(apiKey, args, context, selectedNodes(info)),
  }),
)

const UserAffinities = builder.objectRef<UserAffinitiesShape>('UserAffinities').implement({
  description: 'This is a user, or one API key of a user, with the affinities.',
  fields: (t) => ({
    user: t.expose('user', {
      type: User,
      description: 'This is the user that was named, or the owner of the API key that was named.',
    }),
    apiKey: t.expose('apiKey', {
      type: ApiKey,
      nullable: true,
      description:
        'If the identifier was an API key id, only the affinities of this API key are listed; otherwise null.',
    }),
    affinities: t.expose('affinities', {
      type: AffinityConnection,
      description: 'These are the affinities, latest expiry first.',
    }),
  }),
})

builder.queryField('userAffinities', (t) =>
  t.field({
    type: UserAffinities,
    description: 'This query lists the affinities of one user, or of one API key, latest expiry first.',
    args: {
      identifier: t.arg.string({
        required: true,
        description:
          'This is an API key id, a user id, a username or an email, exactly; they are tried in this order.',
      }),
      ...pageArguments(t.arg),
    },
    complexity: pageComplexity,
    errors: {
      types: [NotFoundError, InvalidInputError, UnavailableError],
      union: {
        name: 'UserAffinitiesResult',
        description: 'The result has the affinities, or says why there are none to show.',
      },
    },
    resolve: (_root, args, context, info) =>
      userAffinities(args, context, selectedNodes(info, ['affinities'])),
  }),
)
