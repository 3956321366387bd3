import type {
  ApiKeyRow,
  EndpointRow,
  FormatMultiplier as FormatMultiplierRow,
  GlobalModelRow,
  ProviderKeyRow,
  ProviderRow,
  UserRow,
} from '../gateway/rows.js'
import { affinityCountOf, affinityCountOfModel } from '../resolvers/affinities.js'
import {
  apiFormatsOfProviderKey,
  endpointOfProviderKey,
  maskedProviderKey,
  providerOfEndpoint,
  providerOfProviderKey,
  userOfApiKey,
} from '../resolvers/affinity.js'
import { builder } from './builder.js'

export const UserRole = builder.enumType('UserRole', {
  description: 'The role says what an account may do at the gateway.',
  values: {
    ADMIN: { value: 'admin', description: 'The account may administer the gateway, and so sign in here.' },
    AUDIT_ADMIN: {
      value: 'audit_admin',
      description: 'The account may read all that an administrator reads, and may change and clear nothing.',
    },
    USER: { value: 'user', description: 'The account may use the gateway.' },
  } as const,
})

export const User = builder.objectRef<UserRow>('User').implement({
  description: 'A user is an account of the gateway (table `users`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'API keys name the user by this id.' }),
    username: t.exposeString('username', {
      description: 'The user signs in with this name, which no other user has.',
    }),
    email: t.exposeString('email', {
      nullable: true,
      description: 'This is the user’s email, which no other user has; null if the user has none.',
    }),
    role: t.expose('role', { type: UserRole, description: 'The role says what the user may do.' }),
    isActive: t.exposeBoolean('isActive', {
      description:
        'False if the user is switched off; the gateway then honours no affinity of the user’s API keys.',
    }),
  }),
})

export const ApiKey = builder.objectRef<ApiKeyRow>('ApiKey').implement({
  description: 'An API key is what a client calls the gateway with (table `api_keys`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'This is the id that cache keys name the API key by.' }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'The owner calls the API key by this name.',
    }),
    maskedKey: t.string({
      nullable: true,
      description:
        'The mask shows the key’s first 8 characters, `********` and its last 4, but never more than half of the key; null if it cannot be decrypted. The key itself is never sent.',
      resolve: (apiKey, _args, context) => context.maskStoredKey(apiKey.storedKey),
    }),
    isStandalone: t.exposeBoolean('isStandalone', {
      description: 'True if the API key has a balance of its own and does not use its user’s quota.',
    }),
    isActive: t.exposeBoolean('isActive', { description: 'False if the gateway refuses the API key.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The API key expires at this time; null if never.',
    }),
    user: t.field({
      type: User,
      nullable: true,
      description: 'This user owns the API key.',
      resolve: (apiKey, _args, context) => userOfApiKey(apiKey, context),
    }),
  }),
})

export const Provider = builder.objectRef<ProviderRow>('Provider').implement({
  description: 'A provider is a service that the gateway sends requests to (table `providers`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Affinities name the provider by this id.' }),
    name: t.exposeString('name', { description: 'The gateway calls the provider by this name.' }),
    displayName: t.exposeString('displayName', { description: 'People see this name.' }),
    isActive: t.exposeBoolean('isActive', { description: 'False if the gateway sends nothing there.' }),
    affinityCount: t.int({
      description: 'So many live affinities are pinned to the provider now.',
      complexity: 5,
      resolve: (provider, _args, context) => affinityCountOf('providerId', provider.id, context),
    }),
  }),
})

export const Endpoint = builder.objectRef<EndpointRow>('Endpoint').implement({
  description: 'An endpoint serves one API format of a provider (table `provider_endpoints`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Affinities name the endpoint by this id.' }),
    apiFormat: t.exposeString('apiFormat', {
      nullable: true,
      description:
        'This is the API format, such as CLAUDE or openai:chat; null if none is set, so that the endpoint serves none.',
    }),
    baseUrl: t.exposeString('baseUrl', { description: 'The gateway sends requests to this URL.' }),
    isActive: t.exposeBoolean('isActive', { description: 'False if the gateway sends nothing there.' }),
    provider: t.field({
      type: Provider,
      nullable: true,
      description: 'The endpoint belongs to this provider; null if its row has been deleted.',
      resolve: (endpoint, _args, context) => providerOfEndpoint(endpoint, context),
    }),
  }),
})

const FormatMultiplier = builder.objectRef<FormatMultiplierRow>('FormatMultiplier').implement({
  description: 'A format multiplier is the price multiplier of a provider key for one API format.',
  fields: (t) => ({
    apiFormat: t.exposeString('apiFormat', { description: 'The multiplier is for this API format.' }),
    multiplier: t.exposeFloat('multiplier', {
      description: 'The provider key multiplies the price by this factor; 1 is the list price.',
    }),
  }),
})

export const ProviderKey = builder.objectRef<ProviderKeyRow>('ProviderKey').implement({
  description: 'A provider key is what the gateway calls a provider with (table `provider_api_keys`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Affinities name the provider key by this id.' }),
    name: t.exposeString('name', { description: 'Administrators call the provider key by this name.' }),
    maskedKey: t.string({
      nullable: true,
      description:
        'The mask shows the key’s first 8 characters, `********` and its last 4, but never more than half of the key; null if it cannot be decrypted, or the authType is not api_key. The key itself is never sent.',
      resolve: (key, _args, context) => maskedProviderKey(key, context),
    }),
    authType: t.exposeString('authType', {
      description: 'The gateway authenticates in this way, such as api_key, oauth or service_account.',
    }),
    rateMultiplier: t.exposeFloat('rateMultiplier', {
      description:
        'The provider key multiplies the price by this factor, where it has one for all API formats; else 1, the list price.',
    }),
    rateMultipliers: t.expose('rateMultipliers', {
      type: [FormatMultiplier],
      description:
        'The provider key multiplies the price by these factors, for each API format that has one, in alphabetical order.',
    }),
    apiFormats: t.stringList({
      nullable: true,
      description: 'The provider key serves these API formats; null if it serves all of its provider’s.',
      resolve: (key, _args, context) => apiFormatsOfProviderKey(key, context),
    }),
    cacheTtlMinutes: t.exposeInt('cacheTtlMinutes', {
      description:
        'An affinity that is pinned to this provider key lasts for so many minutes after its last use.',
    }),
    isActive: t.exposeBoolean('isActive', { description: 'False if the gateway sends nothing there.' }),
    affinityCount: t.int({
      description: 'So many live affinities are pinned to the provider key now.',
      complexity: 5,
      resolve: (key, _args, context) => affinityCountOf('providerKeyId', key.id, context),
    }),
    endpoint: t.field({
      type: Endpoint,
      nullable: true,
      description:
        'The provider key belongs to this endpoint; null if its row has been deleted, or keys belong to providers.',
      resolve: (key, _args, context) => endpointOfProviderKey(key, context),
    }),
    provider: t.field({
      type: Provider,
      nullable: true,
      description:
        'The provider key belongs to this provider, directly or through its endpoint; null if its row has been deleted.',
      resolve: (key, _args, context) => providerOfProviderKey(key, context),
    }),
  }),
})

export const GlobalModel = builder.objectRef<GlobalModelRow>('GlobalModel').implement({
  description:
    'A global model is a model under the name that clients use, whichever provider serves it (table `global_models`).',
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'Affinities name the global model by this id; older ones use a raw name.',
    }),
    name: t.exposeString('name', { description: 'Clients ask for this name.' }),
    displayName: t.exposeString('displayName', { description: 'People see this name.' }),
    isActive: t.exposeBoolean('isActive', {
      description: 'False if the gateway does not serve the global model.',
    }),
    affinityCount: t.int({
      description:
        'So many live affinities are for the global model now, under its id or, where keys hold names, under a name of it.',
      complexity: 5,
      resolve: (model, _args, context) => affinityCountOfModel(model.id, context),
    }),
  }),
})
