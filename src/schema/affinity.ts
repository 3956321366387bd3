import type { AffinityRecord } from '../affinities/affinity-record.js'
import {
  affinityId,
  apiKeyOf,
  isStandalone,
  modelDisplayName,
  modelName,
  modelOf,
  providerKeyOf,
  rateMultiplier,
  ttlSeconds,
  userOf,
} from '../resolvers/affinity.js'
import { type StaleReason as Reason, staleReasons } from '../resolvers/stale-reasons.js'
import { ApiKey } from './api-key.js'
import { builder } from './builder.js'
import { GlobalModel } from './global-model.js'
import { Endpoint, Provider, ProviderKey } from './provider.js'
import { User } from './user.js'

const STALE_REASON_MEANINGS = {
  API_KEY_DELETED: { description: 'The API key has no row any more.' },
  API_KEY_INACTIVE: { description: 'The API key is switched off.' },
  API_KEY_EXPIRED: { description: 'The API key’s time is over.' },
  USER_INACTIVE: { description: 'The API key’s owner is switched off or marked as deleted.' },
  PROVIDER_DELETED: { description: 'The provider has no row any more.' },
  PROVIDER_INACTIVE: { description: 'The provider is switched off.' },
  ENDPOINT_DELETED: { description: 'The endpoint has no row any more.' },
  ENDPOINT_INACTIVE: { description: 'The endpoint is switched off.' },
  PROVIDER_KEY_DELETED: { description: 'The provider key has no row any more.' },
  PROVIDER_KEY_INACTIVE: { description: 'The provider key is switched off.' },
  PROVIDER_KEY_EXPIRED: { description: 'The provider key’s time is over.' },
  CIRCUIT_OPEN: {
    description: 'The gateway sends nothing to the provider key for now, since requests failed.',
  },
  MODEL_DELETED: { description: 'The global model has no row any more.' },
  MODEL_INACTIVE: { description: 'The global model is switched off.' },
} as const satisfies Record<Reason, object>

const StaleReason = builder.enumType('StaleReason', {
  description:
    'Why a pin can no longer be honoured: what it names was deleted, switched off, expired, or is failing.',
  values: STALE_REASON_MEANINGS,
})

export const Affinity = builder.objectRef<AffinityRecord>('Affinity').implement({
  description:
    'A pin: requests of one API key, in one API format, for one model go to one provider key, so that the provider’s prompt cache is hit. It expires some time after its last use.',
  fields: (t) => ({
    id: t.id({ description: 'Opaque; stable while the record exists.', resolve: affinityId }),
    affinityKey: t.exposeID('affinityKey', { description: 'API key id, from the cache key.' }),
    apiFormat: t.exposeString('apiFormat', { description: 'Such as CLAUDE, OPENAI or GEMINI.' }),
    modelId: t.exposeString('modelId', {
      description: 'Model component of the cache key: a global model id, or the raw name in older records.',
    }),
    modelName: t.string({
      nullable: true,
      description: 'The global model’s name, else the raw component.',
      resolve: (record, _args, context) => modelName(record, context),
    }),
    modelDisplayName: t.string({
      nullable: true,
      description: 'The global model’s display name, else the raw component.',
      resolve: (record, _args, context) => modelDisplayName(record, context),
    }),
    providerId: t.exposeID('providerId', { description: 'The provider that it goes to.' }),
    endpointId: t.exposeID('endpointId', { description: 'The endpoint of that provider.' }),
    providerKeyId: t.exposeID('providerKeyId', { description: 'The key with which the gateway calls it.' }),
    rateMultiplier: t.float({
      nullable: true,
      description: 'The provider key’s factor on the price; 1 where that key is gone.',
      resolve: (record, _args, context) => rateMultiplier(record, context),
    }),
    isStandalone: t.boolean({
      nullable: true,
      description: 'Whether the API key has its own balance; false where that key is gone.',
      resolve: (record, _args, context) => isStandalone(record, context),
    }),
    requestCount: t.exposeInt('requestCount', { description: 'Requests that this pin has served.' }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was first pinned so; a use does not change it.',
      resolve: (record) => new Date(record.createdAt * 1_000),
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When it expires unless it is used again.',
      resolve: (record) => new Date(record.expiresAt * 1_000),
    }),
    ttlSeconds: t.int({
      description: 'Remaining lifetime in whole seconds, never negative.',
      resolve: (record, _args, context) => ttlSeconds(record, context.now()),
    }),
    staleReasons: t.field({
      type: [StaleReason],
      nullable: true,
      description: 'Why it can no longer be honoured; empty when it can.',
      resolve: (record, _args, context) => staleReasons(record, context.loaders, context.now()),
    }),
    apiKey: t.field({
      type: ApiKey,
      nullable: true,
      description: 'Null where the row has been deleted.',
      resolve: (record, _args, context) => apiKeyOf(record, context),
    }),
    user: t.field({
      type: User,
      nullable: true,
      description: 'The API key’s owner. Null where the API key has been deleted.',
      resolve: (record, _args, context) => userOf(record, context),
    }),
    provider: t.field({
      type: Provider,
      nullable: true,
      description: 'Null where the row has been deleted.',
      resolve: (record, _args, { loaders }) => loaders.providers.load(record.providerId),
    }),
    endpoint: t.field({
      type: Endpoint,
      nullable: true,
      description: 'Null where the row has been deleted.',
      resolve: (record, _args, { loaders }) => loaders.endpoints.load(record.endpointId),
    }),
    providerKey: t.field({
      type: ProviderKey,
      nullable: true,
      description: 'Null where the row has been deleted.',
      resolve: (record, _args, context) => providerKeyOf(record, context),
    }),
    model: t.field({
      type: GlobalModel,
      nullable: true,
      description: 'Null where the row has been deleted, or the pin holds a raw name.',
      resolve: (record, _args, context) => modelOf(record, context),
    }),
  }),
})
