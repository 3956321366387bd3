import type { GraphQLResolveInfo } from 'graphql'
import type { Listed, ListedRows } from '../gateway/lists.js'
import { listed } from '../resolvers/lists.js'
import { builder } from './builder.js'
import { keysetConnection, pageArguments, pageComplexity, selectedNodes } from './connection.js'
import { GlobalModel, Provider, ProviderKey, User } from './entities.js'

/** The fields of a row that a field of the API is made of, where that is not the field of the same name alone. */
const MADE_OF: { readonly [Kind in Listed]: Readonly<Record<string, readonly (keyof ListedRows[Kind])[]>> } =
  {
    users: { apiKeys: [], affinities: [] },
    providers: { affinityCount: [] },
    providerKeys: {
      affinityCount: [],
      maskedKey: ['storedKey', 'authType'],
      apiFormats: ['apiFormats', 'endpointId'],
      endpoint: ['endpointId'],
      provider: ['endpointId', 'providerId'],
    },
    globalModels: { affinityCount: [] },
  }

/** The fields of rows that a query needs, so that only their columns are read. */
function fieldsOf<Kind extends Listed>(kind: Kind, info: GraphQLResolveInfo) {
  const selected = Object.keys(selectedNodes(info)).filter((name) => name !== '__typename')
  return new Set(
    selected.flatMap((name) => MADE_OF[kind][name] ?? [name as keyof ListedRows[Kind]]),
  ) as ReadonlySet<keyof ListedRows[Kind] & string>
}

const ORDER = 'by name, in the order that the database has for texts, then by id'
const searchText = (texts: string) =>
  `The list keeps rows whose ${texts} contains this text, without regard to case; 1 to 255 characters.`
const ACTIVE = 'True keeps the rows that are switched on, false those that are not.'

const ProviderConnection = keysetConnection('Provider', Provider, 'provider')
const ProviderKeyConnection = keysetConnection('ProviderKey', ProviderKey, 'provider key')
const GlobalModelConnection = keysetConnection('GlobalModel', GlobalModel, 'global model')
const UserConnection = keysetConnection('User', User, 'user')

builder.queryFields((t) => ({
  providers: t.field({
    type: ProviderConnection,
    description: `This query lists all providers, also those to which no affinity is pinned, ${ORDER}.`,
    args: {
      ...pageArguments(t.arg),
      search: t.arg.string({ description: searchText('id, name or display name') }),
      isActive: t.arg.boolean({ description: ACTIVE }),
    },
    complexity: pageComplexity,
    resolve: (_root, args, context, info) => listed('providers', args, fieldsOf('providers', info), context),
  }),
  providerKeys: t.field({
    type: ProviderKeyConnection,
    description: `This query lists all provider keys, also those to which no affinity is pinned, ${ORDER}.`,
    args: {
      ...pageArguments(t.arg),
      search: t.arg.string({ description: searchText('id or name') }),
      isActive: t.arg.boolean({ description: ACTIVE }),
      providerId: t.arg.id({
        description:
          'The list keeps the provider keys that belong to this provider, or to an endpoint of it.',
      }),
    },
    complexity: pageComplexity,
    resolve: (_root, args, context, info) =>
      listed('providerKeys', args, fieldsOf('providerKeys', info), context),
  }),
  globalModels: t.field({
    type: GlobalModelConnection,
    description: `This query lists all global models, also those that no affinity is for, ${ORDER}.`,
    args: {
      ...pageArguments(t.arg),
      search: t.arg.string({ description: searchText('id, name or display name') }),
      isActive: t.arg.boolean({ description: ACTIVE }),
    },
    complexity: pageComplexity,
    resolve: (_root, args, context, info) =>
      listed('globalModels', args, fieldsOf('globalModels', info), context),
  }),
  users: t.field({
    type: UserConnection,
    description: `This query lists all users, also those without an affinity or an API key, ${ORDER}. A management token with a list of rights needs \`admin:users:read\`.`,
    args: {
      ...pageArguments(t.arg),
      search: t.arg.string({ description: searchText('id, username or email') }),
      isActive: t.arg.boolean({ description: ACTIVE }),
    },
    authScopes: { permission: 'admin:users:read' },
    complexity: pageComplexity,
    resolve: (_root, args, context, info) => listed('users', args, fieldsOf('users', info), context),
  }),
}))
