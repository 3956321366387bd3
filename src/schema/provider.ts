import type { EndpointRow, ProviderKeyRow, ProviderRow } from '../gateway/rows.js'
import { affinityCountOfProvider } from '../resolvers/affinities.js'
import { endpointOfProviderKey, providerOfEndpoint } from '../resolvers/entities.js'
import { builder } from './builder.js'

export const Provider = builder.objectRef<ProviderRow>('Provider').implement({
  description: 'An upstream that the gateway sends requests to (`providers`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'As the affinities name the provider.' }),
    name: t.exposeString('name', { description: 'Its name inside the gateway.' }),
    displayName: t.exposeString('displayName', { description: 'Its name for people.' }),
    isActive: t.exposeBoolean('isActive', { description: 'False: the gateway sends nothing there.' }),
    affinityCount: t.int({
      description: 'Live affinities pinned to it now.',
      complexity: 5,
      resolve: (provider, _args, context) => affinityCountOfProvider(provider.id, context),
    }),
  }),
})

export const Endpoint = builder.objectRef<EndpointRow>('Endpoint').implement({
  description: 'One API format of a provider (`provider_endpoints`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'As the affinities name the endpoint.' }),
    apiFormat: t.exposeString('apiFormat', { description: 'Such as CLAUDE, OPENAI or GEMINI.' }),
    baseUrl: t.exposeString('baseUrl', { description: 'Where requests are sent.' }),
    isActive: t.exposeBoolean('isActive', { description: 'False: the gateway sends nothing there.' }),
    provider: t.field({
      type: Provider,
      nullable: true,
      description: 'Whose endpoint it is. Null where the row has been deleted.',
      resolve: (endpoint, _args, context) => providerOfEndpoint(endpoint, context),
    }),
  }),
})

export const ProviderKey = builder.objectRef<ProviderKeyRow>('ProviderKey').implement({
  description: 'A key with which the gateway calls a provider (`provider_api_keys`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'As the affinities name the provider key.' }),
    name: t.exposeString('name', { description: 'What administrators call it.' }),
    maskedKey: t.string({
      nullable: true,
      description:
        'First 8 characters, `********`, last 4; null where it cannot be decrypted. The key itself is never sent.',
      resolve: (key, _args, context) => context.maskStoredKey(key.apiKey),
    }),
    rateMultiplier: t.exposeFloat('rateMultiplier', {
      description: 'Factor on the price; 1 is the list price.',
    }),
    cacheTtlMinutes: t.exposeInt('cacheTtlMinutes', {
      description: 'How long an unused pin to it lasts, in minutes.',
    }),
    isActive: t.exposeBoolean('isActive', { description: 'False: the gateway sends nothing there.' }),
    endpoint: t.field({
      type: Endpoint,
      nullable: true,
      description: 'The endpoint that it opens. Null where the row has been deleted.',
      resolve: (key, _args, context) => endpointOfProviderKey(key, context),
    }),
  }),
})
