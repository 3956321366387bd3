import type { AffinityRecord } from '../affinities/affinity-record.js'
import type {
  UseCondition as Condition,
  StaleReason as Reason,
  Usability as Use,
} from '../gateway/usability.js'
import {
  affinityId,
  apiKeyOf,
  expiryOf,
  isStandalone,
  modelDisplayName,
  modelName,
  modelOf,
  providerKeyOf,
  rateMultiplier,
  ttlSeconds,
  userOf,
} from '../resolvers/affinity.js'
import { lastUse } from '../resolvers/figures.js'
import { STALE_ROWS, verdictOn } from '../resolvers/usability.js'
import { MAX_INT } from '../util/int32.js'
import { whenKnown } from '../util/promises.js'
import { builder, ownField } from './builder.js'
import { ApiKey, Endpoint, GlobalModel, Provider, ProviderKey, User } from './entities.js'

const STALE_REASON_MEANINGS = {
  API_KEY_DELETED: { description: 'The API key has no row any more.' },
  API_KEY_INACTIVE: { description: 'The API key is switched off.' },
  API_KEY_LOCKED: { description: 'The API key is locked.' },
  API_KEY_EXPIRED: { description: 'The API key has expired.' },
  USER_DELETED: {
    description:
      'The API key’s owner has no row any more, or is marked as deleted where the gateway looks at that.',
  },
  USER_INACTIVE: { description: 'The API key’s owner is switched off.' },
  QUOTA_EXHAUSTED: { description: 'The balance of the API key, or the quota of its owner, is used up.' },
  PROVIDER_DELETED: { description: 'The provider has no row any more.' },
  PROVIDER_INACTIVE: { description: 'The provider is switched off.' },
  PROVIDER_NOT_ALLOWED: { description: 'The API key and its owner may not use the provider.' },
  ENDPOINT_DELETED: { description: 'The endpoint has no row any more.' },
  ENDPOINT_INACTIVE: { description: 'The endpoint is switched off.' },
  ENDPOINT_OF_OTHER_PROVIDER: {
    description: 'The endpoint belongs to another provider than the pinned one.',
  },
  ENDPOINT_OF_OTHER_FORMAT: { description: 'The endpoint does not serve the API format.' },
  ENDPOINT_NOT_ALLOWED: { description: 'The API key and its owner may not use the endpoint.' },
  PROVIDER_KEY_DELETED: { description: 'The provider key has no row any more.' },
  PROVIDER_KEY_INACTIVE: { description: 'The provider key is switched off.' },
  PROVIDER_KEY_EXPIRED: {
    description: 'This is never given.',
    deprecationReason: 'No gateway looks at it.',
  },
  PROVIDER_KEY_MOVED: {
    description: 'The provider key belongs to another endpoint or provider than the pinned one.',
  },
  PROVIDER_KEY_OF_OTHER_FORMAT: { description: 'The provider key does not serve the endpoint’s API format.' },
  PROVIDER_KEY_INVALID: { description: 'The provider has refused the provider key’s sign-in.' },
  CIRCUIT_OPEN: {
    description: 'The gateway sends nothing to the provider key for now, because requests failed.',
  },
  CAPABILITY_MISMATCH: {
    description:
      'The provider key has a capability that requests do not wish for, or lacks one that they do.',
  },
  MODEL_DELETED: { description: 'The model in the key leads to no global model.' },
  MODEL_INACTIVE: { description: 'The global model is switched off.' },
  MODEL_NOT_AT_PROVIDER: { description: 'The provider does not serve the model.' },
  MODEL_NOT_ALLOWED: { description: 'The API key and its owner may not use the model.' },
  MODEL_NOT_ON_PROVIDER_KEY: { description: 'The provider key is not for the model.' },
  NAME_TAKEN: { description: 'Every name of the model leads to another model.' },
  FORMAT_UNKNOWN: { description: 'The gateway does not know the API format in the key.' },
  FORMAT_NOT_ALLOWED: { description: 'The API key and its owner may not use the API format.' },
  NEVER_READ: { description: 'The gateway writes such records, or an older one did, and never reads them.' },
  SUPERSEDED: { description: 'The gateway process that wrote the record has forgotten its pins since.' },
} as const satisfies Record<Reason, object>

export const StaleReason = builder.enumType('StaleReason', {
  description:
    'The gateway’s scheduler would not use an affinity for one of these reasons. Which reasons there are, and when each holds, depends on the generation of the gateway: see docs/stale.md.',
  values: STALE_REASON_MEANINGS,
})

const USABILITIES = {
  USABLE: {
    description:
      'Some request of the API key, format and model gets the pinned target, whatever else it carries.',
  },
  CONDITIONAL: { description: 'Only requests of some kind get the pinned target: `conditions` says which.' },
  STALE: { description: 'No request gets the pinned target: `staleReasons` says why.' },
} as const satisfies Record<Use, object>

export const Usability = builder.enumType('Usability', {
  description: 'This says what the gateway’s scheduler would do with an affinity now.',
  values: USABILITIES,
})

const CONDITIONS = {
  STREAMING: { description: 'Requests that stream do not get the target.' },
  CAPABILITIES: { description: 'The capabilities that a request asks for decide.' },
  ALIAS: { description: 'The name by which the request asks for the model decides.' },
} as const satisfies Record<Condition, object>

const UseCondition = builder.enumType('UseCondition', {
  description: 'What of a request decides whether it gets the pinned target.',
  values: CONDITIONS,
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
      nullable: true,
      description: 'Redis removes the affinity at this time unless it is used again; null: never.',
      resolve: expiryOf,
    }),
    ttlSeconds: t.int({
      complexity: ownField,
      nullable: true,
      description:
        'The affinity lives in Redis for so many more whole seconds, 0 or more; null: it does not expire.',
      resolve: (record, _args, context) => ttlSeconds(record, context.cacheNow()),
    }),
    lastUsedAt: t.field({
      type: 'DateTime',
      description:
        'The gateway used the pin last at this time: the expiry that it wrote, less the TTL in force, and never before createdAt.',
      resolve: (record, _args, context) => lastUse(record, context),
    }),
    usability: t.field({
      complexity: STALE_ROWS,
      type: Usability,
      nullable: true,
      description: 'This says what the gateway’s scheduler would do with the affinity now.',
      resolve: (record, _args, context) =>
        whenKnown(verdictOn(record, context), ({ usability }) => usability),
    }),
    staleReasons: t.field({
      complexity: STALE_ROWS,
      type: [StaleReason],
      nullable: true,
      description:
        'The gateway’s scheduler would not use the affinity for these reasons, all that hold; the list is empty if it would.',
      resolve: (record, _args, context) =>
        whenKnown(verdictOn(record, context), ({ staleReasons }) => staleReasons),
    }),
    conditions: t.field({
      complexity: STALE_ROWS,
      type: [UseCondition],
      nullable: true,
      description:
        'The use of the affinity depends on these properties of a request; the list is empty unless `usability` is CONDITIONAL.',
      resolve: (record, _args, context) =>
        whenKnown(verdictOn(record, context), ({ conditions }) => conditions),
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
