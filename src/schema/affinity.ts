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
import { type StaleReason as Reason, STALE_ROWS, staleReasons } from '../resolvers/stale.js'
import { MAX_INT } from '../util/int32.js'
import { builder, ownField } from './builder.js'
import { ApiKey, Endpoint, GlobalModel, Provider, ProviderKey, User } from './entities.js'

const STALE_REASON_MEANINGS = {
  API_KEY_DELETED: { description: 'The API key has no row any more.' },
  API_KEY_INACTIVE: { description: 'The API key is switched off.' },
  API_KEY_EXPIRED: { description: 'The API key has expired.' },
  USER_INACTIVE: { description: 'The API key’s owner is switched off or marked as deleted.' },
  PROVIDER_DELETED: { description: 'The provider has no row any more.' },
  PROVIDER_INACTIVE: { description: 'The provider is switched off.' },
  ENDPOINT_DELETED: { description: 'The endpoint has no row any more.' },
  ENDPOINT_INACTIVE: { description: 'The endpoint is switched off.' },
  PROVIDER_KEY_DELETED: { description: 'The provider key has no row any more.' },
  PROVIDER_KEY_INACTIVE: { description: 'The provider key is switched off.' },
  PROVIDER_KEY_EXPIRED: { description: 'The provider key has expired.' },
  CIRCUIT_OPEN: {
    description: 'The gateway sends nothing to the provider key for now, because requests failed.',
  },
  MODEL_DELETED: { description: 'The global model has no row any more.' },
  MODEL_INACTIVE: { description: 'The global model is switched off.' },
} as const satisfies Record<Reason, object>

const StaleReason = builder.enumType('StaleReason', {
  description:
    'The gateway can no longer honour an affinity for one of these reasons: what it names was deleted, switched off, expired, or is failing.',
  values: STALE_REASON_MEANINGS,
})

const FAMILIES = {
  CACHE_AFFINITY: {
    description:
      'Keys `cache_affinity:{apiKeyId}:{apiFormat}:{model}`, which Python gateways write and read.',
  },
  SCHEDULER_AFFINITY: {
    description:
      'Keys `scheduler_affinity:{apiKeyId}:{apiFormat}:{model}`, which Rust gateways write and never read.',
  },
  SCHEDULER_AFFINITY_V2: {
    description:
      'Keys `scheduler_affinity:v2:{apiKeyId}:{apiFormat}:{model}:{clientFamily}:{sessionHash}`, in which Rust gateways mirror the pins of single sessions.',
  },
} as const

/** The enum’s values are the names of key families in capitals. */
export const AffinityFamily = builder.enumType('AffinityFamily', {
  description: 'A family of cache keys has one form and is written by one generation of gateways.',
  values: FAMILIES,
})

export const Affinity = builder.objectRef<AffinityRecord>('Affinity').implement({
  description:
    'An affinity pins the requests of one API key, in one API format, for one model to one provider key, so that the provider’s prompt cache is hit. It expires some time after its last use.',
  fields: (t) => ({
    id: t.id({
      complexity: ownField,
      description: 'This id is opaque, and stays the same while the record exists.',
      resolve: affinityId,
    }),
    family: t.field({
      complexity: ownField,
      type: AffinityFamily,
      description: 'The affinity’s cache key belongs to this family.',
      resolve: ({ family }) => family.toUpperCase() as keyof typeof FAMILIES,
    }),
    affinityKey: t.exposeID('affinityKey', {
      complexity: ownField,
      description: 'The affinity belongs to the API key with this id, which stands in the cache key.',
    }),
    apiFormat: t.exposeString('apiFormat', {
      complexity: ownField,
      description: 'This is the API format, such as CLAUDE, OPENAI, claude:messages or openai:chat.',
    }),
    modelId: t.exposeString('modelId', {
      complexity: ownField,
      description:
        'This is the model in the cache key: a global model id, or the name that the client asked for, as the family has it; in older records a raw name.',
    }),
    clientFamily: t.string({
      complexity: ownField,
      nullable: true,
      description:
        'This is the kind of client, such as codex, claude_code or generic; null if the family has none.',
      resolve: ({ extra }) => extra?.['clientFamily'] ?? null,
    }),
    sessionHash: t.string({
      complexity: ownField,
      nullable: true,
      description:
        'This is the SHA-256 of the client’s session, 64 hexadecimal digits; null if the affinity is not of one session.',
      resolve: ({ extra }) => extra?.['sessionHash'] ?? null,
    }),
    modelName: t.string({
      nullable: true,
      description: 'This is the global model’s name; the raw name if there is no such global model.',
      resolve: (record, _args, context) => modelName(record, context),
    }),
    modelDisplayName: t.string({
      nullable: true,
      description: 'This is the global model’s display name; the raw name if there is no such global model.',
      resolve: (record, _args, context) => modelDisplayName(record, context),
    }),
    providerId: t.exposeID('providerId', {
      complexity: ownField,
      description: 'Requests go to the provider with this id.',
    }),
    endpointId: t.exposeID('endpointId', {
      complexity: ownField,
      description: 'Requests go to the provider’s endpoint with this id.',
    }),
    providerKeyId: t.exposeID('providerKeyId', {
      complexity: ownField,
      description: 'The gateway calls the provider with the provider key of this id.',
    }),
    rateMultiplier: t.float({
      nullable: true,
      description:
        'The provider key multiplies the price by this factor, for the endpoint’s API format if it has one for each; 1 if that key is gone.',
      resolve: (record, _args, context) => rateMultiplier(record, context),
    }),
    isStandalone: t.boolean({
      nullable: true,
      description: 'True if the API key has a balance of its own; false if that key is gone.',
      resolve: (record, _args, context) => isStandalone(record, context),
    }),
    requestCount: t.exposeInt('requestCount', {
      complexity: ownField,
      description: `The affinity has served this number of requests, 0 to ${MAX_INT}.`,
    }),
    createdAt: t.field({
      complexity: ownField,
      type: 'DateTime',
      description: 'The affinity was pinned to this target at this time; a use does not change it.',
      resolve: (record) => new Date(record.createdAt * 1_000),
    }),
    expiresAt: t.field({
      complexity: ownField,
      type: 'DateTime',
      description: 'The affinity expires at this time unless it is used again.',
      resolve: (record) => new Date(record.expiresAt * 1_000),
    }),
    ttlSeconds: t.int({
      complexity: ownField,
      description: 'The affinity lives for so many more whole seconds, 0 or more.',
      resolve: (record, _args, context) => ttlSeconds(record, context.now()),
    }),
    staleReasons: t.field({
      complexity: STALE_ROWS,
      type: [StaleReason],
      nullable: true,
      description:
        'The gateway can no longer honour the affinity for these reasons; the list is empty if it can.',
      resolve: (record, _args, context) => {
        const modelIs = context.affinityStore.families.modelIs(record)
        return staleReasons(record, context.loaders, context.now(), modelIs)
      },
    }),
    apiKey: t.field({
      type: ApiKey,
      nullable: true,
      description: 'This is the row that the id names; null if it has been deleted.',
      resolve: (record, _args, context) => apiKeyOf(record, context),
    }),
    user: t.field({
      type: User,
      nullable: true,
      description: 'This user owns the API key; null if the API key has been deleted.',
      resolve: (record, _args, context) => userOf(record, context),
    }),
    provider: t.field({
      type: Provider,
      nullable: true,
      description: 'This is the row that the id names; null if it has been deleted.',
      resolve: (record, _args, { loaders }) => loaders.providers.load(record.providerId),
    }),
    endpoint: t.field({
      type: Endpoint,
      nullable: true,
      description: 'This is the row that the id names; null if it has been deleted.',
      resolve: (record, _args, { loaders }) => loaders.endpoints.load(record.endpointId),
    }),
    providerKey: t.field({
      type: ProviderKey,
      nullable: true,
      description: 'This is the row that the id names; null if it has been deleted.',
      resolve: (record, _args, context) => providerKeyOf(record, context),
    }),
    model: t.field({
      type: GlobalModel,
      nullable: true,
      description:
        'This is the global model; null if its row has been deleted, or the affinity holds a raw name.',
      resolve: (record, _args, context) => modelOf(record, context),
    }),
  }),
})
