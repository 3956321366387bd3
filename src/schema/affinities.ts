import { affinities, affinityById } from '../resolvers/affinities.js'
import { Affinity, AffinityFamily, StaleReason, Usability } from './affinity.js'
import { builder } from './builder.js'
import { pageArguments, pageComplexity, selectedFields, selectedNodes } from './connection.js'
import { AffinityConnection } from './owned-affinities.js'

const ClientSession = builder.inputType('ClientSession', {
  description:
    'A session is named as the client sent it to the gateway. It is hashed as gateways do it, also for each routing group and version, and is kept nowhere. Send it as a variable of a POST request, since URLs are logged on the way.',
  fields: (t) => ({
    id: t.string({ required: true, description: 'This is the session’s id, 1 to 4,096 characters.' }),
    agent: t.string({ description: 'This is the agent within the session, if the client sends one.' }),
    account: t.string({ description: 'This is the account of the session, if the client sends one.' }),
  }),
})

export const AffinityFilter = builder.inputType('AffinityFilter', {
  description:
    'A filter selects the affinities for which every given field holds. A field that is null is ignored.',
  fields: (t) => ({
    affinityKey: t.id({ description: 'This is the id of the API key.' }),
    userId: t.id({ description: 'The affinity belongs to an API key of the user with this id.' }),
    providerId: t.id({ description: 'The affinity is pinned to the provider with this id.' }),
    endpointId: t.id({ description: 'The affinity is pinned to the endpoint with this id.' }),
    providerKeyId: t.id({ description: 'The affinity is pinned to the provider key with this id.' }),
    modelId: t.string({
      description: 'The affinity’s cache key has exactly this model: a global model id or a raw name.',
    }),
    globalModelId: t.id({
      description:
        'The affinity is for the global model with this id: its cache key has the id, or one of the model’s names, as its family has it.',
    }),
    apiFormat: t.string({
      description: 'The affinity has exactly this API format, such as CLAUDE or openai:chat.',
    }),
    family: t.field({
      type: AffinityFamily,
      description: 'The affinity’s cache key belongs to this family.',
    }),
    clientFamily: t.string({
      description: 'The affinity is of exactly this kind of client, such as claude_code or codex.',
    }),
    ids: t.idList({ description: 'The affinity has one of these ids, 1 to 1,000 of them.' }),
    affinityKeys: t.idList({ description: 'The affinity is of one of these API keys, 1 to 1,000 of them.' }),
    userIds: t.idList({
      description: 'The affinity belongs to an API key of one of these users, 1 to 1,000 of them.',
    }),
    providerIds: t.idList({
      description: 'The affinity is pinned to one of these providers, 1 to 1,000 of them.',
    }),
    endpointIds: t.idList({
      description: 'The affinity is pinned to one of these endpoints, 1 to 1,000 of them.',
    }),
    providerKeyIds: t.idList({
      description: 'The affinity is pinned to one of these provider keys, 1 to 1,000 of them.',
    }),
    modelIds: t.stringList({
      description:
        'The affinity’s cache key has one of these models, 1 to 1,000 global model ids or raw names.',
    }),
    apiFormats: t.stringList({
      description: 'The affinity has one of these API formats, 1 to 1,000 of them.',
    }),
    clientFamilies: t.stringList({
      description: 'The affinity is of one of these kinds of clients, 1 to 1,000 of them.',
    }),
    sessionHash: t.string({
      description: 'The affinity is of the session with this hash, 64 hexadecimal digits.',
    }),
    clientSession: t.field({
      type: ClientSession,
      description: 'The affinity is of this session of a client.',
    }),
    stale: t.boolean({
      description:
        'True selects the affinities that the gateway’s scheduler would not use; false selects those that are USABLE or CONDITIONAL.',
    }),
    usability: t.field({
      type: Usability,
      description: 'The gateway’s scheduler would do this with the affinity.',
    }),
    staleReasons: t.field({
      type: [StaleReason],
      description: 'The affinity is stale for one of these reasons, at least.',
    }),
    createdBefore: t.field({
      type: 'DateTime',
      description: 'The affinity was pinned to its target before this time, by the milliseconds shown.',
    }),
    createdAfter: t.field({
      type: 'DateTime',
      description: 'The affinity was pinned to its target after this time, by the milliseconds shown.',
    }),
    expiresBefore: t.field({
      type: 'DateTime',
      description: 'Redis removes the affinity before this time unless it is used again.',
    }),
    expiresAfter: t.field({
      type: 'DateTime',
      description: 'Redis removes the affinity after this time, or never.',
    }),
    requestCountMin: t.int({ description: 'The affinity has served this number of requests, at least.' }),
    requestCountMax: t.int({ description: 'The affinity has served this number of requests, at most.' }),
    unusedForSeconds: t.int({
      description:
        'The gateway has not used the affinity for so many seconds, 0 or more: its lastUsedAt is at least so long ago.',
    }),
  }),
})

const AffinityOrderField = builder.enumType('AffinityOrderField', {
  description: 'Affinities can be sorted by these fields.',
  values: {
    EXPIRES_AT: {
      description:
        'The time at which Redis removes the affinity unless it is used again. Affinities that never expire count as the latest.',
    },
    CREATED_AT: { description: 'The time at which the affinity was pinned to its target.' },
    REQUEST_COUNT: { description: 'The number of requests that the affinity has served.' },
    USER: { description: 'The username of the user who owns the affinity’s API key.' },
    API_KEY: { description: 'The name of the affinity’s API key.' },
    PROVIDER: { description: 'The display name of the provider.' },
    PROVIDER_KEY: { description: 'The name of the provider key.' },
    MODEL: {
      description: 'The affinity’s `modelName`: the name of the global model, else what the cache key holds.',
    },
    API_FORMAT: { description: 'The API format.' },
  } as const,
})

const OrderDirection = builder.enumType('OrderDirection', {
  description: 'The direction says which end of an order comes first.',
  values: {
    ASC: { description: 'The earliest or smallest value comes first.' },
    DESC: { description: 'The latest or largest value comes first: the exact reverse of ASC.' },
  } as const,
})

const AffinityOrder = builder.inputType('AffinityOrder', {
  description:
    'An order sorts affinities by one field. Names are compared by the code points of their small letters, and affinities without a name come last in ASC. If there are more than 1,000 ids to name, the order may be up to 5 s older than the names that are shown. The cache key breaks ties: its first 512 characters, then a digest of a longer one. To read all pages, order by CREATED_AT ASC: a use moves a record in the other orders, so that a walk may miss it or meet it twice.',
  fields: (t) => ({
    field: t.field({
      type: AffinityOrderField,
      description: 'Affinities are sorted by this field.',
      required: true,
      defaultValue: 'EXPIRES_AT',
    }),
    direction: t.field({
      type: OrderDirection,
      description: 'This says which end of the order comes first.',
      required: true,
      defaultValue: 'DESC',
    }),
  }),
})

builder.queryField('affinities', (t) =>
  t.field({
    type: AffinityConnection,
    description:
      'This query lists all live affinities, a page at a time. Search, filter and order apply to all of them before the page is cut.',
    args: {
      ...pageArguments(t.arg),
      offset: t.arg.int({
        description: 'So many records are skipped, for numbered pages, 0 or more; not together with `after`.',
      }),
      search: t.arg.string({
        description:
          'The text is an API key id, a user id, a username or an email, exactly; otherwise a part of the id or name of an API key, user, provider, provider key or model, or of an email, whatever its case. It has at most 255 characters.',
      }),
      filter: t.arg({
        type: AffinityFilter,
        description:
          'The filter keeps the affinities for which every given field holds. If `search` is given as well, both must hold.',
      }),
      orderBy: t.arg({
        type: AffinityOrder,
        description: 'The page has this order; by default the latest expiry comes first.',
      }),
    },
    complexity: pageComplexity,
    resolve: (_root, args, context, info) => affinities(args, context, selectedNodes(info)),
  }),
)

builder.queryField('affinity', (t) =>
  t.field({
    type: Affinity,
    nullable: true,
    description:
      'This query finds one live affinity by its id; null if it has expired, was cleared, or never was. What can be no affinity’s id is BAD_USER_INPUT.',
    args: {
      id: t.arg.id({ required: true, description: 'This is the affinity’s `id`, as a list has shown it.' }),
    },
    complexity: 5,
    resolve: (_root, { id }, context, info) => affinityById(id, context, selectedFields(info)),
  }),
)
