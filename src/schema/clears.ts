import type { ArgBuilder } from '@pothos/core'
import { queryFromInfo } from '@pothos/plugin-prisma'
import type { ClearWarning as WarningShape } from '../affinities/clear/clear-warning.js'
import { rowOf } from '../audit/audit-store.js'
import type { Context } from '../context.js'
import { ConfirmationRequiredError, InvalidInputError, NotFoundError, UnavailableError } from '../errors.js'
import {
  type ClearAffinitiesPayload,
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
import { AuditEvent } from './audit.js'
import { type BuilderTypes, builder } from './builder.js'
import { ApiKey, Provider, User } from './entities.js'
import { NodeClear } from './node-clear.js'

/**
 * A clear counts as much as a large page, so that a request cannot contain many clears. The viewer pays for the audit event,
 * two writes that wait for the disk, and for each record when the clear knows how many there are.
 */
export const clearComplexity = (_args: object, { measure }: Context): number =>
  measure === 'limit' ? 25_000 : 20

export const CLEAR_RESULT = 'The result says what the clear did, or why it did nothing.'

const ClearWarningCode = builder.enumType('ClearWarningCode', {
  description: 'The code says why a clear achieves less than its count says, or not at once.',
  values: {
    STILL_ACTIVE: {
      description: 'What was cleared is still switched on, so that users may be pinned there again.',
    },
    PINS_NOT_HONOURED: { description: 'The scheduling mode ignores pins.' },
    NODES_MISSED: { description: 'A node of the gateway was not reached, or refused.' },
    NOT_IMMEDIATE: {
      description: 'This gateway may keep sending recent sessions there for up to five minutes.',
    },
    NOT_CLEARABLE: {
      description:
        'No route of the gateway can clear some records alone. They were left; the message counts and names them.',
    },
    MAY_RETURN: {
      description: 'Pins were in use, and no way to the gateway’s own memory is configured.',
    },
    MIRROR_ONLY: {
      description: 'The records were chosen by the mirror, which shows one node’s pin for each session.',
    },
    POOL_SESSIONS_REMAIN: {
      description: 'Sessions of a pool still lead there; the message counts them.',
    },
  } as const satisfies Record<WarningShape['code'], object>,
})

const ClearWarning = builder.objectRef<WarningShape>('ClearWarning').implement({
  description: 'A warning says what a clear did not achieve, and what to do about it.',
  fields: (t) => ({
    code: t.expose('code', { type: ClearWarningCode, description: 'The code is stable.' }),
    message: t.exposeString('message', {
      description: 'This message tells a person in plain English what to expect, and what to set.',
    }),
  }),
})

export const ClearPayload = builder.interfaceRef<PayloadShape>('ClearPayload').implement({
  description: 'Every clear answers with these fields.',
  fields: (t) => ({
    message: t.exposeString('message', {
      description: 'This message tells a person in plain English what happened.',
    }),
    clearedCount: t.exposeInt('clearedCount', {
      description:
        'The clear removed this number of records that were really there; with `dryRun` it would remove them.',
    }),
    dryRun: t.exposeBoolean('dryRun', { description: 'True if this was a dry run, which clears nothing.' }),
    warnings: t.expose('warnings', {
      type: [ClearWarning],
      description: 'These say what the clear did not achieve; with `dryRun`, what it would not.',
    }),
    nodes: t.expose('nodes', {
      type: [NodeClear],
      description: 'These nodes of the gateway were called for it; none for a dry run.',
    }),
    auditEvent: t.field({
      type: AuditEvent,
      description: 'This audit event records the call; dry runs are recorded, too.',
      resolve({ auditEvent }, _args, context, info) {
        // This call tells Pothos that the row is already here. Otherwise it would read the row again, and that fails if the
        // database has gone down since.
        queryFromInfo({ context, info })
        return rowOf(auditEvent)
      },
    }),
  }),
})

const UserPayload = builder.objectRef<ClearUserCachePayload>('ClearUserCachePayload').implement({
  description: 'This says what a clear of one user or one API key did.',
  interfaces: [ClearPayload],
  fields: (t) => ({
    user: t.expose('user', {
      type: User,
      nullable: true,
      description:
        'The cleared affinities belonged to this user; null if the API key’s owner has been deleted.',
    }),
    apiKey: t.expose('apiKey', {
      type: ApiKey,
      nullable: true,
      description:
        'If the identifier was an API key id, only the affinities of this API key were cleared; otherwise null.',
    }),
  }),
})

const SinglePayload = builder.objectRef<ClearSingleAffinityPayload>('ClearSingleAffinityPayload').implement({
  description: 'This says what a clear of one affinity did.',
  interfaces: [ClearPayload],
  fields: (t) => ({
    affinityId: t.exposeID('affinityId', {
      description: 'The cleared affinity had this `Affinity.id`; if there were several, the first one.',
    }),
    affinityIds: t.exposeIDList('affinityIds', {
      description: 'The cleared affinities had these ids; the list has the first 1,000.',
    }),
  }),
})

const ProviderPayload = builder.objectRef<ClearProviderCachePayload>('ClearProviderCachePayload').implement({
  description: 'This says what a clear of one provider’s affinities did.',
  interfaces: [ClearPayload],
  fields: (t) => ({
    providerId: t.exposeID('providerId', { description: 'The caller sent this provider id.' }),
    provider: t.expose('provider', {
      type: Provider,
      nullable: true,
      description: 'This is the row that the id names; null if it has been deleted.',
    }),
  }),
})

const AffinitiesPayload = builder.objectRef<ClearAffinitiesPayload>('ClearAffinitiesPayload').implement({
  description: 'This says what a clear by a filter did.',
  interfaces: [ClearPayload],
  fields: (t) => ({
    sparedCount: t.exposeInt('sparedCount', {
      description:
        'This number of records matched when they were chosen, and no longer when they came to be removed: they stayed; 0 with `dryRun`.',
    }),
  }),
})

const AllPayload = builder
  .objectRef<PayloadShape>('ClearAllCachePayload')
  .implement({ description: 'This says what a clear of every affinity did.', interfaces: [ClearPayload] })

const ModelMappingPayload = builder
  .objectRef<ClearModelMappingPayload>('ClearModelMappingPayload')
  .implement({
    description: 'This says what a clear of the model caches did.',
    interfaces: [ClearPayload],
    fields: (t) => ({
      deletedKeys: t.exposeStringList('deletedKeys', {
        description:
          'The clear removed these Redis keys, or would remove them; the list has the first 1,000.',
      }),
    }),
  })

type Arguments = ArgBuilder<BuilderTypes>

export const dryRun = (arg: Arguments) =>
  arg.boolean({
    required: true,
    defaultValue: false,
    description: 'True only counts what would be cleared, and clears nothing.',
  })

const confirm = (arg: Arguments) =>
  arg.boolean({
    required: true,
    defaultValue: false,
    description:
      'The caller must send true, unless this is a dry run; otherwise the answer is CONFIRMATION_REQUIRED.',
  })

builder.mutationFields((t) => ({
  clearUserCache: t.field({
    type: UserPayload,
    description: 'This mutation clears every affinity of one user, or of one API key.',
    args: {
      identifier: t.arg.string({
        required: true,
        description:
          'This is an API key id, a user id, a username or an email, exactly; they are tried in this order.',
      }),
      dryRun: dryRun(t.arg),
    },
    complexity: clearComplexity,
    errors: {
      types: [NotFoundError, InvalidInputError, UnavailableError],
      union: { name: 'ClearUserCacheResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearUserCache(args, context),
  }),
  clearSingleAffinity: t.field({
    type: SinglePayload,
    description:
      'This mutation clears the affinity of one API key, API format and model, of one session or of all its sessions, but only while it is pinned to this endpoint: an affinity that was pinned elsewhere since you looked stays.',
    args: {
      affinityKey: t.arg.id({ required: true, description: 'This is the id of the API key.' }),
      endpointId: t.arg.id({
        required: true,
        description: 'This is the `Affinity.endpointId` that you saw.',
      }),
      modelId: t.arg.string({ required: true, description: 'This is the `Affinity.modelId`, exactly.' }),
      apiFormat: t.arg.string({ required: true, description: 'This is the `Affinity.apiFormat`, exactly.' }),
      clientFamily: t.arg.string({
        description:
          'This is the `Affinity.clientFamily`, exactly; without it any client’s affinity is meant.',
      }),
      sessionHash: t.arg.string({
        description:
          'This is the `Affinity.sessionHash`, exactly; without it every session’s affinity is meant.',
      }),
      dryRun: dryRun(t.arg),
    },
    complexity: clearComplexity,
    errors: {
      types: [NotFoundError, InvalidInputError, UnavailableError],
      union: { name: 'ClearSingleAffinityResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearSingleAffinity(args, context),
  }),
  clearProviderCache: t.field({
    type: ProviderPayload,
    description:
      'This mutation clears every affinity that is pinned to a provider. A provider without affinities, or an unknown one, clears 0.',
    args: {
      providerId: t.arg.id({
        required: true,
        description: 'This is the `Provider.id`; a provider’s name is not accepted.',
      }),
      dryRun: dryRun(t.arg),
    },
    complexity: clearComplexity,
    errors: {
      types: [InvalidInputError, UnavailableError],
      union: { name: 'ClearProviderCacheResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearProviderCache(args, context),
  }),
  clearAffinities: t.field({
    type: AffinitiesPayload,
    description:
      'This mutation clears every affinity that a filter selects. An empty filter is INVALID_INPUT.',
    args: {
      filter: t.arg({
        type: AffinityFilter,
        required: true,
        description: 'The filter selects what is cleared: every given field must hold.',
      }),
      dryRun: dryRun(t.arg),
    },
    complexity: clearComplexity,
    errors: {
      types: [InvalidInputError, UnavailableError],
      union: { name: 'ClearAffinitiesResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearAffinities(args, context),
  }),
  clearAllCache: t.field({
    type: AllPayload,
    description: 'This mutation clears every affinity of every user, values that cannot be read included.',
    args: { confirm: confirm(t.arg), dryRun: dryRun(t.arg) },
    complexity: clearComplexity,
    errors: {
      types: [ConfirmationRequiredError, UnavailableError],
      union: { name: 'ClearAllCacheResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearAllCache(args, context),
  }),
  clearAllModelMappingCache: t.field({
    type: ModelMappingPayload,
    description:
      'This mutation clears the six families of the model caches, hit counters included, and nothing else.',
    args: { confirm: confirm(t.arg), dryRun: dryRun(t.arg) },
    complexity: clearComplexity,
    errors: {
      types: [ConfirmationRequiredError, UnavailableError],
      union: { name: 'ClearAllModelMappingCacheResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearAllModelMappingCache(args, context),
  }),
  clearModelMappingCacheByName: t.field({
    type: ModelMappingPayload,
    description:
      'This mutation clears what one model name resolves to, and the cached global model of that name. The name is never a pattern.',
    args: {
      modelName: t.arg.string({
        required: true,
        description:
          'This is the model name. Blanks around it count if a cached name has the same; otherwise they are left out.',
      }),
      dryRun: dryRun(t.arg),
    },
    complexity: clearComplexity,
    errors: {
      types: [InvalidInputError, UnavailableError],
      union: { name: 'ClearModelMappingCacheByNameResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearModelMappingCacheByName(args, context),
  }),
  clearProviderModelMappingCache: t.field({
    type: ModelMappingPayload,
    description:
      'This mutation clears the cached entry of how one provider serves one global model, with its hit counter.',
    args: {
      providerId: t.arg.id({ required: true, description: 'This is the `Provider.id`.' }),
      globalModelId: t.arg.id({ required: true, description: 'This is the `GlobalModel.id`.' }),
      dryRun: dryRun(t.arg),
    },
    complexity: clearComplexity,
    errors: {
      types: [InvalidInputError, UnavailableError],
      union: { name: 'ClearProviderModelMappingCacheResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearProviderModelMappingCache(args, context),
  }),
}))
