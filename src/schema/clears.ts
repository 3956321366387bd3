import type { ArgBuilder } from '@pothos/core'
import { queryFromInfo } from '@pothos/plugin-prisma'
import { rowOf } from '../audit/audit-rows.js'
import { ConfirmationRequiredError, InvalidInputError, NotFoundError, UnavailableError } from '../errors.js'
import {
  type ClearProviderCachePayload,
  type ClearSingleAffinityPayload,
  type ClearUserCachePayload,
  clearAffinities,
  clearAllCache,
  clearProviderCache,
  clearSingleAffinity,
  clearUserCache,
} from '../resolvers/clears.js'
import {
  type ClearModelMappingPayload,
  clearAllModelMappingCache,
  clearModelMappingCacheByName,
  clearProviderModelMappingCache,
} from '../resolvers/model-mapping-clears.js'
import type { ClearPayload as PayloadShape } from '../resolvers/with-audit.js'
import { AffinityFilter } from './affinities.js'
import { ApiKey } from './api-key.js'
import { AuditEvent } from './audit.js'
import { type BuilderTypes, builder } from './builder.js'
import { Provider } from './provider.js'
import { User } from './user.js'

/** A clear counts as much as a large page: a request cannot string many of them together. */
const CLEAR_COMPLEXITY = 25_000

const CLEAR_RESULT = 'What the clear did, or why it did not.'

const ClearPayload = builder.interfaceRef<PayloadShape>('ClearPayload').implement({
  description: 'What a clear did, or would do.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'Plain English for a person.' }),
    clearedCount: t.exposeInt('clearedCount', {
      description: 'Records that were there and are gone; with `dryRun`, records that would go.',
    }),
    dryRun: t.exposeBoolean('dryRun', { description: 'True: nothing was cleared.' }),
    auditEvent: t.field({
      type: AuditEvent,
      description: 'The record of this call, dry runs included.',
      resolve({ auditEvent }, _args, context, info) {
        // Tells Pothos that the row is here: it would read it again, and the database may have gone since.
        queryFromInfo({ context, info })
        return rowOf(auditEvent)
      },
    }),
  }),
})

const UserPayload = builder.objectRef<ClearUserCachePayload>('ClearUserCachePayload').implement({
  description: 'What a clear of one user or API key did.',
  interfaces: [ClearPayload],
  fields: (t) => ({
    user: t.expose('user', {
      type: User,
      nullable: true,
      description: 'Whose affinities went. Null where the API key’s owner has been deleted.',
    }),
    apiKey: t.expose('apiKey', {
      type: ApiKey,
      nullable: true,
      description: 'When the identifier was an API key id: only its affinities were cleared.',
    }),
  }),
})

const SinglePayload = builder.objectRef<ClearSingleAffinityPayload>('ClearSingleAffinityPayload').implement({
  description: 'What a clear of one affinity did.',
  interfaces: [ClearPayload],
  fields: (t) => ({ affinityId: t.exposeID('affinityId', { description: '`Affinity.id` of what went.' }) }),
})

const ProviderPayload = builder.objectRef<ClearProviderCachePayload>('ClearProviderCachePayload').implement({
  description: 'What a clear of one provider’s affinities did.',
  interfaces: [ClearPayload],
  fields: (t) => ({
    providerId: t.exposeID('providerId', { description: 'As it was given.' }),
    provider: t.expose('provider', {
      type: Provider,
      nullable: true,
      description: 'Null where the row has been deleted.',
    }),
  }),
})

const AffinitiesPayload = builder
  .objectRef<PayloadShape>('ClearAffinitiesPayload')
  .implement({ description: 'What a clear by a filter did.', interfaces: [ClearPayload] })

const AllPayload = builder
  .objectRef<PayloadShape>('ClearAllCachePayload')
  .implement({ description: 'What a clear of every affinity did.', interfaces: [ClearPayload] })

const ModelMappingPayload = builder
  .objectRef<ClearModelMappingPayload>('ClearModelMappingPayload')
  .implement({
    description: 'What a clear of the model caches did.',
    interfaces: [ClearPayload],
    fields: (t) => ({
      deletedKeys: t.exposeStringList('deletedKeys', {
        description: 'The Redis keys that went, or would go; the first 1,000.',
      }),
    }),
  })

type Arguments = ArgBuilder<BuilderTypes>

const dryRun = (arg: Arguments) =>
  arg.boolean({
    required: true,
    defaultValue: false,
    description: 'True: count what would go, clear nothing.',
  })

const confirm = (arg: Arguments) =>
  arg.boolean({ required: true, defaultValue: false, description: 'Must be true, unless this is a dry run.' })

builder.mutationFields((t) => ({
  clearUserCache: t.field({
    type: UserPayload,
    description: 'Clears every affinity of one user, or of one API key.',
    args: {
      identifier: t.arg.string({
        required: true,
        description: 'API key id, user id, username or email, exactly; tried in this order.',
      }),
      dryRun: dryRun(t.arg),
    },
    complexity: CLEAR_COMPLEXITY,
    errors: {
      types: [NotFoundError, InvalidInputError, UnavailableError],
      union: { name: 'ClearUserCacheResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearUserCache(args, context),
  }),
  clearSingleAffinity: t.field({
    type: SinglePayload,
    description:
      'Clears one affinity, only while it is pinned to this endpoint: one re-pinned since you looked stays.',
    args: {
      affinityKey: t.arg.id({ required: true, description: 'API key id.' }),
      endpointId: t.arg.id({ required: true, description: '`Affinity.endpointId` when you looked.' }),
      modelId: t.arg.string({ required: true, description: '`Affinity.modelId`, exactly.' }),
      apiFormat: t.arg.string({ required: true, description: '`Affinity.apiFormat`, exactly.' }),
      dryRun: dryRun(t.arg),
    },
    complexity: CLEAR_COMPLEXITY,
    errors: {
      types: [NotFoundError, InvalidInputError, UnavailableError],
      union: { name: 'ClearSingleAffinityResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearSingleAffinity(args, context),
  }),
  clearProviderCache: t.field({
    type: ProviderPayload,
    description: 'Clears every affinity pinned to a provider. One without any, or unknown, clears 0.',
    args: {
      providerId: t.arg.id({ required: true, description: '`Provider.id`; its name is not one.' }),
      dryRun: dryRun(t.arg),
    },
    complexity: CLEAR_COMPLEXITY,
    errors: {
      types: [InvalidInputError, UnavailableError],
      union: { name: 'ClearProviderCacheResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearProviderCache(args, context),
  }),
  clearAffinities: t.field({
    type: AffinitiesPayload,
    description: 'Clears every affinity that a filter names. An empty filter is INVALID_INPUT.',
    args: {
      filter: t.arg({
        type: AffinityFilter,
        required: true,
        description: 'What is to go: every field given must hold.',
      }),
      dryRun: dryRun(t.arg),
    },
    complexity: CLEAR_COMPLEXITY,
    errors: {
      types: [InvalidInputError, UnavailableError],
      union: { name: 'ClearAffinitiesResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearAffinities(args, context),
  }),
  clearAllCache: t.field({
    type: AllPayload,
    description: 'Clears every affinity of every user, values that cannot be read included.',
    args: { confirm: confirm(t.arg), dryRun: dryRun(t.arg) },
    complexity: CLEAR_COMPLEXITY,
    errors: {
      types: [ConfirmationRequiredError, UnavailableError],
      union: { name: 'ClearAllCacheResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearAllCache(args, context),
  }),
  clearAllModelMappingCache: t.field({
    type: ModelMappingPayload,
    description: 'Clears the six families of the model caches, hit counters included, and nothing else.',
    args: { confirm: confirm(t.arg), dryRun: dryRun(t.arg) },
    complexity: CLEAR_COMPLEXITY,
    errors: {
      types: [ConfirmationRequiredError, UnavailableError],
      union: { name: 'ClearAllModelMappingCacheResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearAllModelMappingCache(args, context),
  }),
  clearModelMappingCacheByName: t.field({
    type: ModelMappingPayload,
    description:
      'Clears what one name resolves to, and the global model of that name. The name is never a pattern.',
    args: {
      modelName: t.arg.string({ required: true, description: 'Blanks around it do not count.' }),
      dryRun: dryRun(t.arg),
    },
    complexity: CLEAR_COMPLEXITY,
    errors: {
      types: [InvalidInputError, UnavailableError],
      union: { name: 'ClearModelMappingCacheByNameResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearModelMappingCacheByName(args, context),
  }),
  clearProviderModelMappingCache: t.field({
    type: ModelMappingPayload,
    description: 'Clears how one provider serves one global model, with its hit counter.',
    args: {
      providerId: t.arg.id({ required: true, description: '`Provider.id`.' }),
      globalModelId: t.arg.id({ required: true, description: '`GlobalModel.id`.' }),
      dryRun: dryRun(t.arg),
    },
    complexity: CLEAR_COMPLEXITY,
    errors: {
      types: [InvalidInputError, UnavailableError],
      union: { name: 'ClearProviderModelMappingCacheResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearProviderModelMappingCache(args, context),
  }),
}))
