import type { EndpointRow, ProviderKeyRow, ProviderRow } from '../gateway/rows.js'
import { affinityCountOfProvider } from '../resolvers/affinities.js'
import { endpointOfProviderKey, providerOfEndpoint } from '../resolvers/entities.js'
import { builder } from './builder.js'

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
      resolve: (provider, _args, context) => affinityCountOfProvider(provider.id, context),
    }),
  }),
})

export const Endpoint = builder.objectRef<EndpointRow>('Endpoint').implement({
  description: 'An endpoint serves one API format of a provider (table `provider_endpoints`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Affinities name the endpoint by this id.' }),
    apiFormat: t.exposeString('apiFormat', {
      description: 'This is the API format, such as CLAUDE, OPENAI or GEMINI.',
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

export const ProviderKey = builder.objectRef<ProviderKeyRow>('ProviderKey').implement({
  description: 'A provider key is what the gateway calls a provider with (table `provider_api_keys`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Affinities name the provider key by this id.' }),
    name: t.exposeString('name', { description: 'Administrators call the provider key by this name.' }),
    maskedKey: t.string({
      nullable: true,
      description:
        'The mask shows the key’s first 8 characters, `********` and its last 4; null if it cannot be decrypted. The key itself is never sent.',
      resolve: (key, _args, context) => context.maskStoredKey(key.storedKey),
    }),
    rateMultiplier: t.exposeFloat('rateMultiplier', {
      description: 'The provider key multiplies the price by this factor; 1 is the list price.',
    }),
    cacheTtlMinutes: t.exposeInt('cacheTtlMinutes', {
      description:
        'An affinity that is pinned to this provider key lasts for so many minutes after its last use.',
    }),
    isActive: t.exposeBoolean('isActive', { description: 'False if the gateway sends nothing there.' }),
    endpoint: t.field({
      type: Endpoint,
      nullable: true,
      description: 'The provider key belongs to this endpoint; null if its row has been deleted.',
      resolve: (key, _args, context) => endpointOfProviderKey(key, context),
    }),
  }),
})
