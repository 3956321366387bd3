import { affinitiesOfApiKey, affinitiesOfUser } from '../resolvers/affinities.js'
import { apiKeysOfUser } from '../resolvers/entities.js'
import { AffinityConnection } from './affinity-connection.js'
import { ApiKey } from './api-key.js'
import { builder } from './builder.js'
import { pageArguments, pageComplexity } from './paging.js'
import { selectedNodes } from './selected.js'
import { User } from './user.js'

// Fields of users and API keys. They are in a file of their own, since Affinity imports User and ApiKey: a cycle otherwise.

builder.objectFields(User, (t) => ({
  apiKeys: t.field({
    type: [ApiKey],
    description: 'These are the user’s API keys, oldest first.',
    complexity: { field: 1, multiplier: 5 },
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
