import { apiKeyOf, modelName, providerKeyOf, userOf } from '../resolvers/affinity.js'
import {
  type AffinityChangesPage,
  affinityChanges,
  type AffinityChange as ChangeShape,
} from '../resolvers/affinity-changes.js'
import { builder } from './builder.js'
import { keysetConnection, pageArguments, pageComplexity } from './connection.js'
import { ApiKey, Provider, ProviderKey, User } from './entities.js'
import { AffinityEventType } from './subscriptions.js'

const AffinityChange = builder.objectRef<ChangeShape>('AffinityChange').implement({
  description:
    'A change is one switch or removal of an affinity, or one clear of more than 100: that has a `count`, and the other fields are those of one of its affinities.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'This id is opaque, and belongs to this instance until it is restarted.',
    }),
    type: t.expose('type', { type: AffinityEventType, description: 'This is SWITCHED or REMOVED.' }),
    at: t.expose('at', {
      type: 'DateTime',
      description: 'This instance saw the change at this time; of a clear, its first removal.',
    }),
    affinityKey: t.exposeID('affinityKey', {
      description: 'The affinity belongs to the API key with this id.',
    }),
    apiKey: t.field({
      type: ApiKey,
      nullable: true,
      description: 'This is the row that `affinityKey` names; null if it has been deleted.',
      resolve: (change, _args, context) => apiKeyOf(change, context),
    }),
    user: t.field({
      type: User,
      nullable: true,
      description: 'This user owns the API key; null if the API key has been deleted.',
      resolve: (change, _args, context) => userOf(change, context),
    }),
    apiFormat: t.exposeString('apiFormat', { description: 'The affinity is of this API format.' }),
    modelId: t.exposeString('modelId', {
      description: 'This is the model in the cache key: a global model id, or a name.',
    }),
    modelName: t.string({
      nullable: true,
      description: 'This is the global model’s name; the raw name if there is no such global model.',
      resolve: (change, _args, context) => modelName(change, context),
    }),
    providerId: t.exposeID('providerId', {
      description: 'The affinity is pinned to the provider with this id; if it was removed, it was last.',
    }),
    provider: t.field({
      type: Provider,
      nullable: true,
      description: 'This is the row that `providerId` names; null if it has been deleted.',
      resolve: ({ providerId }, _args, { loaders }) => loaders.providers.load(providerId),
    }),
    providerKeyId: t.exposeID('providerKeyId', {
      description: 'The affinity is pinned to the provider key with this id; if it was removed, it was last.',
    }),
    providerKey: t.field({
      type: ProviderKey,
      nullable: true,
      description: 'This is the row that `providerKeyId` names; null if it has been deleted.',
      resolve: (change, _args, context) => providerKeyOf(change, context),
    }),
    previousProviderId: t.id({
      nullable: true,
      description: 'The affinity was pinned to the provider with this id before a switch; else null.',
      resolve: ({ previous }) => previous?.providerId,
    }),
    previousProvider: t.field({
      type: Provider,
      nullable: true,
      description: 'This is the row that `previousProviderId` names; null if it has been deleted.',
      resolve: ({ previous }, _args, { loaders }) =>
        previous ? loaders.providers.load(previous.providerId) : null,
    }),
    previousProviderKeyId: t.id({
      nullable: true,
      description: 'The affinity was pinned to the provider key with this id before a switch; else null.',
      resolve: ({ previous }) => previous?.providerKeyId,
    }),
    previousProviderKey: t.field({
      type: ProviderKey,
      nullable: true,
      description: 'This is the row that `previousProviderKeyId` names; null if it has been deleted.',
      resolve: ({ previous }, _args, context) => (previous ? providerKeyOf(previous, context) : null),
    }),
    auditEventId: t.exposeID('auditEventId', {
      nullable: true,
      description: 'The clear with this audit event removed it; null for a switch, and if no clear did.',
    }),
    count: t.exposeInt('count', {
      description: 'This is 1, or the number of affinities that a clear of more than 100 removed.',
    }),
  }),
})

const AffinityChangeConnection = keysetConnection<ChangeShape, AffinityChangesPage>(
  'AffinityChange',
  AffinityChange,
  'change',
)

builder.objectFields(AffinityChangeConnection, (t) => ({
  knownSince: t.expose('knownSince', {
    type: 'DateTime',
    description:
      'Every change since this time is listed. It is the start of this instance or the end of its latest outage, and later once more than 10,000 changes came.',
  }),
}))

builder.queryField('affinityChanges', (t) =>
  t.field({
    type: AffinityChangeConnection,
    description:
      'This query lists the last 10,000 switches, removals and clears that this instance saw, newest first. A clear of more than 64 providers, provider keys or API keys is found by any id of that kind.',
    args: {
      ...pageArguments(t.arg),
      types: t.arg({
        type: [AffinityEventType],
        description:
          'The list keeps these types. SWITCHED and REMOVED are listed; another is BAD_USER_INPUT.',
      }),
      since: t.arg({ type: 'DateTime', description: 'The list keeps changes at this time or later.' }),
      providerId: t.arg.id({
        description: 'The list keeps changes at this provider; a switch is at both of its providers.',
      }),
      providerKeyId: t.arg.id({
        description: 'The list keeps changes at this provider key; a switch is at both of its provider keys.',
      }),
      affinityKey: t.arg.id({ description: 'The list keeps changes of the API key with this id.' }),
      userId: t.arg.id({ description: 'The list keeps changes of this user’s API keys.' }),
    },
    complexity: pageComplexity,
    resolve: (_root, args, context) => affinityChanges(args, context),
  }),
)
