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
import { STALE_REASONS, staleReasons } from '../resolvers/stale-reasons.js'
import type { AffinityRecord } from '../stores/affinity-record.js'
import { ApiKey } from './api-key.js'
import { builder } from './builder.js'
import { GlobalModel } from './global-model.js'
import { Endpoint, Provider, ProviderKey } from './provider.js'
import { User } from './user.js'

const StaleReason = builder.enumType('StaleReason', {
  description:
    'Why a pin can no longer be honoured: what it names was deleted, switched off, expired, or is failing.',
  values: STALE_REASONS,
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
    providerId: t.exposeID('providerId'),
    endpointId: t.exposeID('endpointId'),
    providerKeyId: t.exposeID('providerKeyId'),
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
    createdAt: t.field({ type: 'DateTime', resolve: (record) => new Date(record.createdAt * 1_000) }),
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
