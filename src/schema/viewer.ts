import type { LoginSession } from '../context.js'
import { InvalidCredentialsError } from '../errors.js'
import { login, userOfViewer } from '../resolvers/session.js'
import type { Viewer as ViewerShape } from '../session/viewer.js'
import { builder } from './builder.js'
import { User, UserRole } from './user.js'

const Viewer = builder.objectRef<ViewerShape>('Viewer').implement({
  description: 'Who the token belongs to.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Username, or the name of a static token.' }),
    role: t.field({
      type: UserRole,
      description: 'ADMIN for whoever may clear, USER for a static token that may only read.',
      resolve: ({ role }) => (role === 'ADMIN' ? 'admin' : 'user'),
    }),
    canClear: t.exposeBoolean('canClear', { description: 'Whether the clears are allowed.' }),
    user: t.field({
      type: User,
      nullable: true,
      description: 'Null for a static token.',
      resolve: (viewer, _args, context) => userOfViewer(viewer, context),
    }),
  }),
})

const Session = builder.objectRef<LoginSession>('Session').implement({
  description: 'A signed-in administrator.',
  fields: (t) => ({
    token: t.exposeString('token', { description: 'Send it as `Authorization: Bearer …`.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the token ends.' }),
    viewer: t.expose('viewer', { type: Viewer, description: 'Who has signed in.' }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({
    type: Viewer,
    description: 'Who asks.',
    resolve: (_root, _args, context) => context.viewer(),
  }),
)

builder.mutationField('login', (t) =>
  t.field({
    type: Session,
    description:
      'Signs an administrator of the gateway in. At most 5 failures a minute for each address and for each account; then RATE_LIMITED.',
    args: {
      email: t.arg.string({ required: true, description: 'Of the account at the gateway.' }),
      password: t.arg.string({
        required: true,
        description: 'Of the same; at most 72 bytes count, as bcrypt has it.',
      }),
    },
    skipTypeScopes: true,
    errors: {
      types: [InvalidCredentialsError],
      union: { name: 'LoginResult', description: 'A session, or that there is none to be had so.' },
    },
    resolve: (_root, { email, password }, context) => login(email, password, context),
  }),
)
