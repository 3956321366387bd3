import { queryFromInfo } from '@pothos/plugin-prisma'
import { clearedCountOf, dryRunOf, targetKindOf } from '../audit/audit-facts.js'
import {
  AUDIT_ACTIONS,
  actionAndActorOf,
  isSuccess,
  targetIdOf,
  writtenBackOf,
} from '../audit/audit-store.js'
import { actorOf, auditEvent, auditEvents } from '../resolvers/audit-events.js'
import { followUpOf } from '../resolvers/follow-up.js'
import { builder } from './builder.js'
import { keysetConnection, pageArguments, pageComplexity } from './connection.js'
import { User } from './entities.js'
import { ClearFollowUp } from './follow-up.js'

const AuditOutcome = builder.enumType('AuditOutcome', {
  description: 'An outcome tells how an audited action ended.',
  values: {
    RUNNING: {
      description:
        'The action began, or gave its last sign of life, less than ten minutes ago, and its service instance may still be at it.',
    },
    SUCCEEDED: { description: 'The action did what it was asked to.' },
    FAILED: { description: 'The action failed, or its arguments were invalid; `errorMessage` says why.' },
    REFUSED: { description: 'The viewer has no right to the action, so that nothing was done.' },
    UNKNOWN: {
      description: 'The service instance ended, or nobody reported the end: the action may be done in part.',
    },
  } as const,
})

const AuditTargetKind = builder.enumType('AuditTargetKind', {
  description: 'A target kind tells what sort of thing an audited action was aimed at.',
  values: {
    ALL: { description: '`clearAllCache` clears every affinity.' },
    USER: { description: '`clearUserCache` clears the affinities of a user.' },
    API_KEY: { description: '`clearUserCache` clears the affinities of one API key.' },
    AFFINITY: { description: '`clearSingleAffinity` clears one affinity, in every session of it.' },
    PROVIDER: { description: '`clearProviderCache` clears the affinities that are pinned to a provider.' },
    FILTER: {
      description: '`clearAffinities` clears the affinities for which a filter holds, also chosen ids.',
    },
    POOL_SESSIONS: { description: '`clearPoolSessions` clears sessions of pools.' },
    MODEL_MAPPINGS: { description: '`clearAllModelMappingCache` clears the caches of models.' },
    MODEL_NAME: { description: '`clearModelMappingCacheByName` clears the cached entries of a name.' },
    PROVIDER_MODEL: { description: '`clearProviderModelMappingCache` clears a model at a provider.' },
    SESSION: { description: '`login` and `logout` begin and end a session.' },
  } as const,
})

export const AuditEvent = builder.prismaObject('AuditLog', {
  name: 'AuditEvent',
  description:
    'An audit event records one action that somebody tried through this service, done, refused or failed (table `audit_logs`).',
  // Prisma reads these columns and those that the requested fields select.
  select: { id: true },
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Send this id to `auditEvent` to read the event again.' }),
    action: t.string({
      description: `The action is one of ${AUDIT_ACTIONS.join(', ')}.`,
      select: { eventMetadata: true },
      resolve: (event) => actionAndActorOf(event).action,
    }),
    success: t.boolean({
      description: 'True if the action succeeded; false also while its outcome is not known.',
      select: { eventType: true },
      resolve: isSuccess,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'The action began at this time.' }),
    actor: t.field({
      type: User,
      nullable: true,
      description:
        'This user tried the action; null for a static token, and if the account has been deleted.',
      select: { userId: true },
      resolve: ({ userId }, _args, context) => actorOf(userId, context),
    }),
    actorName: t.string({
      description:
        'This is the username, or the name of the static token; empty for a sign-in that failed, since nobody knows who it was.',
      select: { eventMetadata: true },
      resolve: (event) => actionAndActorOf(event).actor,
    }),
    targetId: t.string({
      nullable: true,
      description:
        'The action was aimed at this: the id of the user, API key or provider, the model’s name, or what was typed as email. It is what the caller typed if nothing was found, shortened to 256 characters. It is null if the action has many targets, or if several arguments name the target.',
      select: { eventMetadata: true },
      resolve: targetIdOf,
    }),
    outcome: t.field({
      type: AuditOutcome,
      description: 'The action ended so, or still runs.',
      select: { eventType: true, eventMetadata: true, createdAt: true },
      resolve: (event, _args, { auditReader }) => auditReader.outcomeOf(event),
    }),
    targetKind: t.field({
      type: AuditTargetKind,
      description: 'The action was aimed at a thing of this sort.',
      select: { description: true, eventMetadata: true },
      resolve: targetKindOf,
    }),
    dryRun: t.boolean({
      description: 'True if the action was only to count what would go; false also for other than clears.',
      select: { eventMetadata: true },
      resolve: dryRunOf,
    }),
    clearedCount: t.int({
      nullable: true,
      description:
        'The clear removed so many entries, or in a dry run would have; null for other actions, and while it is not known.',
      select: { eventMetadata: true },
      resolve: clearedCountOf,
    }),
    ipAddress: t.exposeString('ipAddress', {
      nullable: true,
      description: 'The request came from this IP address, as far as TRUST_PROXY lets it be known.',
    }),
    requestId: t.exposeString('requestId', {
      nullable: true,
      description: 'The log and the header `x-request-id` name the request by this id.',
    }),
    errorMessage: t.exposeString('errorMessage', {
      nullable: true,
      description: 'This says why the action did not succeed; null if it did.',
    }),
    writtenBack: t.int({
      nullable: true,
      description:
        'Gateways had written back so many of the removed affinities from memory, which were still there at the end of the guard window (CLEAR_GUARD_SECONDS); null until then.',
      select: { eventMetadata: true },
      resolve: writtenBackOf,
    }),
    followUp: t.field({
      type: ClearFollowUp,
      nullable: true,
      description:
        'This tells where the users of what this clear removed went since. It is null for dry runs and for other than affinities, after an hour, and at an instance that did not clear; if it is missing for a clear of the last hour, `extensions.followUp` says so.',
      select: { eventType: true, eventMetadata: true, createdAt: true },
      resolve: (event, _args, context) => followUpOf(event, context),
    }),
    metadata: t.expose('eventMetadata', {
      type: 'JSON',
      nullable: true,
      description: 'This holds the arguments and the result of the action.',
    }),
  }),
})

const AuditFilter = builder.inputType('AuditFilter', {
  description:
    'A filter selects the audit events for which every given field holds. A field that is null is ignored.',
  fields: (t) => ({
    actions: t.stringList({ description: 'The action is one of these, 1 to 100 names.' }),
    actor: t.string({
      description: 'The event’s `actorName` is this, or its user has this id.',
    }),
    targetKind: t.field({
      type: AuditTargetKind,
      description: 'The action was aimed at this sort of thing.',
    }),
    targetId: t.string({ description: 'The event’s `targetId` is exactly this.' }),
    outcome: t.field({ type: AuditOutcome, description: 'The action ended so.' }),
    dryRun: t.boolean({ description: 'True keeps the dry runs, false all others.' }),
    since: t.field({ type: 'DateTime', description: 'The action began at this time or later.' }),
    until: t.field({
      type: 'DateTime',
      description: 'The action began before this time, which must be later than `since`.',
    }),
  }),
})

const AuditEventConnection = keysetConnection('AuditEvent', AuditEvent, 'audit event')

builder.queryField('auditEvent', (t) =>
  t.prismaField({
    type: AuditEvent,
    nullable: true,
    description: 'This query finds one audit event by its id, however old; null if there is none.',
    args: { id: t.arg.id({ required: true, description: 'This is the `AuditEvent.id`.' }) },
    resolve: (columns, _root, { id }, context) => auditEvent(id, { ...columns }, context),
  }),
)

builder.queryField('auditEvents', (t) =>
  t.field({
    type: AuditEventConnection,
    description: 'This query lists the audit events of this service, newest first.',
    args: {
      ...pageArguments(t.arg),
      action: t.arg.string({ description: 'The list keeps the events of this action.' }),
      filter: t.arg({
        type: AuditFilter,
        description: 'The filter keeps the events for which every given field holds.',
      }),
    },
    complexity: pageComplexity,
    resolve: (_root, args, context, info) =>
      auditEvents(
        args,
        queryFromInfo({
          context,
          info,
          paths: [['nodes'], ['edges', 'node']],
          select: { id: true, createdAt: true },
        }),
        context,
      ),
  }),
)
