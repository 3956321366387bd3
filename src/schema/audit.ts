import { queryFromInfo } from '@pothos/plugin-prisma'
import { deedOf, isSuccess } from '../audit/audit-rows.js'
import { AUDIT_ACTIONS } from '../audit/audit-store.js'
import { actorOf, auditEvent, auditEvents } from '../resolvers/audit-events.js'
import { builder } from './builder.js'
import { keysetConnection } from './connection.js'
import { pageArguments, pageComplexity } from './paging.js'
import { User } from './user.js'

export const AuditEvent = builder.prismaObject('AuditLog', {
  name: 'AuditEvent',
  description: 'Something that was tried through this service: done, refused or failed (`audit_logs`).',
  // Besides these, Prisma reads what the fields that are asked for select.
  select: { id: true },
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Give it to `auditEvent`.' }),
    action: t.string({
      description: `One of ${AUDIT_ACTIONS.join(', ')}.`,
      select: { eventMetadata: true },
      resolve: (event) => deedOf(event).action,
    }),
    success: t.boolean({
      description: 'False also while the outcome is not known.',
      select: { eventType: true },
      resolve: isSuccess,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it began.' }),
    actor: t.field({
      type: User,
      nullable: true,
      description: 'Null for a static token, and where the account has been deleted.',
      select: { userId: true },
      resolve: ({ userId }, _args, context) => actorOf(userId, context),
    }),
    actorName: t.string({
      description: 'Username, or the name of a static token.',
      select: { eventMetadata: true },
      resolve: (event) => deedOf(event).actor,
    }),
    ipAddress: t.exposeString('ipAddress', {
      nullable: true,
      description: 'The client’s address, as TRUST_PROXY lets it be known.',
    }),
    requestId: t.exposeString('requestId', {
      nullable: true,
      description: 'As in the log and in `x-request-id`.',
    }),
    errorMessage: t.exposeString('errorMessage', {
      nullable: true,
      description: 'Why it did not succeed; null where it did.',
    }),
    metadata: t.expose('eventMetadata', {
      type: 'JSON',
      nullable: true,
      description: 'Arguments and result.',
    }),
  }),
})

const AuditEventConnection = keysetConnection('AuditEvent', AuditEvent, 'audit events')

builder.queryField('auditEvent', (t) =>
  t.prismaField({
    type: AuditEvent,
    nullable: true,
    description: 'One of them by its id, however old; null where there is none.',
    args: { id: t.arg.id({ required: true, description: '`AuditEvent.id`.' }) },
    resolve: (columns, _root, { id }, context) => auditEvent(id, { ...columns }, context),
  }),
)

builder.queryField('auditEvents', (t) =>
  t.field({
    type: AuditEventConnection,
    description: 'What was tried through this service, newest first.',
    args: { ...pageArguments(t.arg), action: t.arg.string({ description: 'Only events of this action.' }) },
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
