import {
  type AffinityCount as AffinityCountShape,
  type AffinityCounts as AffinityCountsShape,
  affinityCounts,
  apiKeyOfCount,
  DEFAULT_GROUPS,
  endpointOfCount,
  labelOf,
  modelOfCount,
  providerKeyOfCount,
  providerOfCount,
  userOfCount,
} from '../resolvers/affinity-counts.js'
import { AffinityFilter } from './affinities.js'
import { builder } from './builder.js'
import { pageComplexity } from './connection.js'
import { ApiKey, Endpoint, GlobalModel, Provider, ProviderKey, User } from './entities.js'

const AffinityGrouping = builder.enumType('AffinityGrouping', {
  description: 'Affinities can be counted by these.',
  values: {
    PROVIDER: { description: 'The provider to which the affinity is pinned.' },
    PROVIDER_KEY: { description: 'The provider key to which the affinity is pinned.' },
    ENDPOINT: { description: 'The endpoint to which the affinity is pinned.' },
    MODEL: { description: 'The model in the affinity’s cache key: a global model id, or a name.' },
    API_FORMAT: { description: 'The API format, such as CLAUDE or openai:chat.' },
    CLIENT_FAMILY: { description: 'The kind of client; only some families of cache keys tell it.' },
    USER: { description: 'The user of the affinity’s API key; none where the API key has been deleted.' },
    API_KEY: { description: 'The API key.' },
    STALE_REASON: {
      description:
        'The reason why the gateway’s scheduler would not use the affinity; with two reasons it counts in both.',
    },
    USABILITY: { description: 'What the gateway’s scheduler would do with the affinity.' },
    FAMILY: { description: 'The family of the affinity’s cache key.' },
  } as const,
})

const AffinityCount = builder.objectRef<AffinityCountShape>('AffinityCount').implement({
  description: 'A count is the number of live affinities that have one thing in common.',
  fields: (t) => ({
    key: t.exposeString('key', {
      description: 'This is the id of what they have in common, or the value itself.',
    }),
    label: t.string({
      description:
        'People see this name; it is the key where there is no name, or while the database cannot be read.',
      resolve: (count, _args, context) => labelOf(count, context),
    }),
    count: t.exposeInt('count', { description: 'So many live affinities are in this group.' }),
    provider: t.field({
      type: Provider,
      nullable: true,
      description: 'This provider has them; null unless they are counted by provider, or if its row is gone.',
      resolve: (count, _args, context) => providerOfCount(count, context),
    }),
    providerKey: t.field({
      type: ProviderKey,
      nullable: true,
      description:
        'This provider key has them; null unless they are counted by provider key, or if its row is gone.',
      resolve: (count, _args, context) => providerKeyOfCount(count, context),
    }),
    endpoint: t.field({
      type: Endpoint,
      nullable: true,
      description: 'This endpoint has them; null unless they are counted by endpoint, or if its row is gone.',
      resolve: (count, _args, context) => endpointOfCount(count, context),
    }),
    model: t.field({
      type: GlobalModel,
      nullable: true,
      description:
        'This global model has them; null unless they are counted by model, or if there is no such row.',
      resolve: (count, _args, context) => modelOfCount(count, context),
    }),
    user: t.field({
      type: User,
      nullable: true,
      description: 'This user has them; null unless they are counted by user, or if the row is gone.',
      resolve: (count, _args, context) => userOfCount(count, context),
    }),
    apiKey: t.field({
      type: ApiKey,
      nullable: true,
      description: 'This API key has them; null unless they are counted by API key, or if its row is gone.',
      resolve: (count, _args, context) => apiKeyOfCount(count, context),
    }),
  }),
})

const AffinityCounts = builder.objectRef<AffinityCountsShape>('AffinityCounts').implement({
  description: 'These counts say how live affinities are spread over what they have in common.',
  fields: (t) => ({
    by: t.expose('by', { type: AffinityGrouping, description: 'The affinities are counted by this.' }),
    total: t.exposeInt('total', { description: 'So many live affinities were looked at.' }),
    groupCount: t.exposeInt('groupCount', { description: 'There are so many groups, listed or not.' }),
    groups: t.expose('groups', {
      type: [AffinityCount],
      complexity: { field: 1, multiplier: 1 },
      description: 'These are the largest groups, the largest first; groups of one size are ordered by key.',
    }),
    others: t.exposeInt('others', { description: 'The groups that are not listed have this sum.' }),
    ungrouped: t.exposeInt('ungrouped', {
      description: 'So many affinities are in no group: without a user, a client family or a stale reason.',
    }),
  }),
})

builder.queryField('affinityCounts', (t) =>
  t.field({
    type: AffinityCounts,
    description: 'This query counts live affinities by what they have in common, exactly.',
    args: {
      by: t.arg({
        type: AffinityGrouping,
        required: true,
        description: 'The affinities are counted by this.',
      }),
      filter: t.arg({
        type: AffinityFilter,
        description: 'The filter keeps the affinities that are counted.',
      }),
      search: t.arg.string({
        description: 'The search keeps the affinities that are counted, as in the list of affinities.',
      }),
      first: t.arg.int({
        defaultValue: DEFAULT_GROUPS,
        description: 'At most so many groups are listed, 1 to 1,000.',
      }),
    },
    complexity: ({ first }) => pageComplexity({ first: first ?? DEFAULT_GROUPS }),
    resolve: (_root, args, context) => affinityCounts(args, context),
  }),
)
