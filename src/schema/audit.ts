import { AUDIT_ACTIONS, type AuditEventRow } from '../audit/audit-store.js'
import { actorOf, auditEvent, auditEvents } from '../resolvers/audit-events.js'
import { builder } from './builder.js'
import { keysetConnection } from './connection.js'
import { pageArguments, pageComplexity } from './paging.js'
import { User } from './user.js'

export const AuditEvent = builder.objectRef<AuditEventRow>('AuditEvent').implement({
  description: 'Something that was tried through this service: done, refused or failed (`audit_logs`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Give it to `auditEvent`.' }),
    action: t.exposeString('action', { description: `One of ${AUDIT_ACTIONS.join(', ')}.` }),
    success: t.exposeBoolean('success', { description: 'False also while the outcome is not known.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it began.' }),
    actor: t.field({
      type: User,
      nullable: true,
      description: 'Null for a static token, and where the account has been deleted.',
      resolve: (event, _args, context) => actorOf(event, context),
    }),
    actorName: t.exposeString('actorName', { description: 'Username, or the name of a static token.' }),
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
    metadata: t.expose('metadata', { type: 'JSON', nullable: true, description: 'Arguments and result.' }),
  }),
})

const AuditEventConnection = keysetConnection('AuditEvent', AuditEvent, 'audit events')

builder.queryField('auditEvent', (t) =>
  t.field({
    type: AuditEvent,
    nullable: true,
    description: 'One of them by its id, however old; null where there is none.',
    args: { id: t.arg.id({ required: true, description: '`AuditEvent.id`.' }) },
    resolve: (_root, { id }, context) => auditEvent(id, context),
  }),
)

builder.queryField('auditEvents', (t) =>
  t.field({
    type: AuditEventConnection,
    description: 'What was tried through this service, newest first.',
    args: { ...pageArguments(t.arg), action: t.arg.string({ description: 'Only events of this action.' }) },
    complexity: pageComplexity,
    resolve: (_root, args, context) => auditEvents(args, context),
  }),
)
