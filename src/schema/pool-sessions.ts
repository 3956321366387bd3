import { InvalidInputError, UnavailableError } from '../errors.js'
import type { PoolSession as SessionShape } from '../pool-sessions/pool-session.js'
import {
  clearPoolSessions,
  poolSessionExpiry,
  poolSessionId,
  poolSessions,
  sessionDigest,
} from '../resolvers/pool-sessions.js'
import type { ClearPayload as PayloadShape } from '../resolvers/with-audit.js'
import { builder } from './builder.js'
import { CLEAR_RESULT, ClearPayload, clearComplexity, dryRun } from './clears.js'
import { keysetConnection, pageArguments, pageComplexity, selectedNodes } from './connection.js'
import { Provider, ProviderKey } from './entities.js'

const PoolSession = builder.objectRef<SessionShape>('PoolSession').implement({
  description:
    'A pool of provider keys sends all requests of one client session to one provider key. The client’s token is never shown, only its digest.',
  fields: (t) => ({
    id: t.id({
      description: 'This id is opaque, and stays the same while the session exists.',
      resolve: poolSessionId,
    }),
    providerId: t.exposeID('providerId', { description: 'The pool belongs to the provider with this id.' }),
    provider: t.field({
      type: Provider,
      nullable: true,
      description: 'This is the row that the id names; null if it has been deleted.',
      resolve: ({ providerId }, _args, { loaders }) => loaders.providers.load(providerId),
    }),
    providerKeyId: t.exposeID('providerKeyId', {
      description: 'The session’s requests go to the provider key with this id.',
    }),
    providerKey: t.field({
      type: ProviderKey,
      nullable: true,
      description: 'This is the row that the id names; null if it has been deleted.',
      resolve: ({ providerKeyId }, _args, { loaders }) => loaders.providerKeys.load(providerKeyId),
    }),
    sessionDigest: t.string({
      description: 'These are the first 16 hexadecimal digits of the SHA-256 of the client’s token.',
      resolve: sessionDigest,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Redis removes the session at this time unless it is used again; null: never.',
      resolve: (session, _args, context) => poolSessionExpiry(session, context),
    }),
    ttlSeconds: t.exposeInt('ttlSeconds', {
      nullable: true,
      description: 'The session lives for so many more seconds, 0 or more; null: it does not expire.',
    }),
  }),
})

const PoolSessionFilter = builder.inputType('PoolSessionFilter', {
  description:
    'A filter selects the sessions for which every given field holds. A field that is null is ignored.',
  fields: (t) => ({
    ids: t.idList({ description: 'The session has one of these `PoolSession.id`, 1 to 1,000 of them.' }),
    providerId: t.id({ description: 'The pool belongs to the provider with this id.' }),
    providerKeyId: t.id({ description: 'The session’s requests go to the provider key with this id.' }),
    sessionDigest: t.string({
      description:
        'The SHA-256 of the client’s token begins with these 16 hexadecimal digits, or is these 64 digits.',
    }),
    session: t.string({
      description:
        'This is the client’s token itself. It is hashed at once, and kept nowhere: send it as a variable of a POST request.',
    }),
  }),
})

builder.queryField('poolSessions', (t) =>
  t.field({
    type: keysetConnection('PoolSession', PoolSession, 'session of a pool'),
    description:
      'This query lists the sessions of pools, by provider and digest. Each query reads all of them from the cache.',
    args: {
      ...pageArguments(t.arg),
      filter: t.arg({
        type: PoolSessionFilter,
        description: 'The filter keeps the sessions for which every given field holds.',
      }),
    },
    complexity: pageComplexity,
    resolve: (_root, args, context, info) => poolSessions(args, context, selectedNodes(info)),
  }),
)

const SessionsPayload = builder
  .objectRef<PayloadShape>('ClearPoolSessionsPayload')
  .implement({ description: 'This says what a clear of pool sessions did.', interfaces: [ClearPayload] })

builder.mutationField('clearPoolSessions', (t) =>
  t.field({
    type: SessionsPayload,
    description:
      'This mutation clears the pool sessions that a filter selects, at once: gateways look them up at each request. An empty filter is INVALID_INPUT.',
    args: {
      filter: t.arg({
        type: PoolSessionFilter,
        required: true,
        description: 'The filter selects what is cleared: every given field must hold.',
      }),
      dryRun: dryRun(t.arg),
    },
    complexity: clearComplexity,
    errors: {
      types: [InvalidInputError, UnavailableError],
      union: { name: 'ClearPoolSessionsResult', description: CLEAR_RESULT },
    },
    resolve: (_root, args, context) => clearPoolSessions(args, context),
  }),
)
