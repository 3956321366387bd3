import { InvalidCredentialsError } from '../errors.js'
import { login, logout, userOfViewer } from '../resolvers/session.js'
import type { Login } from '../session/authenticator.js'
import type { Viewer as ViewerShape } from '../session/viewer.js'
import { builder } from './builder.js'
import { User, UserRole } from './entities.js'

const ROLES = { ADMIN: 'admin', AUDIT_ADMIN: 'audit_admin', USER: 'user' } as const

const Viewer = builder.objectRef<ViewerShape>('Viewer').implement({
  description: 'The viewer is whom the token belongs to.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'This is the username, or the name of the static token.' }),
    role: t.field({
      type: UserRole,
      description:
        'The role is ADMIN for an administrator and a static token that may clear, AUDIT_ADMIN for an account that may only read, USER for a static token that may only read.',
      resolve: ({ role }) => ROLES[role],
    }),
    canClear: t.exposeBoolean('canClear', {
      description:
        'True if the viewer may clear. A management token of an administrator needs the right `admin:monitoring:write`.',
    }),
    user: t.field({
      type: User,
      nullable: true,
      description: 'This is the viewer’s account; null for a static token.',
      resolve: (viewer, _args, context) => userOfViewer(viewer, context),
    }),
  }),
})

const Session = builder.objectRef<Login>('Session').implement({
  description: 'A session belongs to a signed-in administrator.',
  fields: (t) => ({
    token: t.exposeString('token', { description: 'Send this token as `Authorization: Bearer …`.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'The token ends at this time.' }),
    viewer: t.expose('viewer', { type: Viewer, description: 'This viewer has signed in.' }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({
    type: Viewer,
    description: 'This query says who is asking.',
    resolve: (_root, _args, context) => context.viewer(),
  }),
)

builder.mutationField('login', (t) =>
  t.field({
    type: Session,
    description:
      'This mutation signs an administrator of the gateway in. An address and an account each may fail 5 times a minute; then the answer is RATE_LIMITED.',
    args: {
      email: t.arg.string({
        required: true,
        description:
          'This is the email of the account at the gateway, or its username: not every account has an email.',
      }),
      password: t.arg.string({
        required: true,
        description: 'This is the password of the account; bcrypt uses its first 72 bytes.',
      }),
    },
    skipTypeScopes: true,
    errors: {
      types: [InvalidCredentialsError],
      union: {
        name: 'LoginResult',
        description: 'The result is a session, or says that the credentials are wrong.',
      },
    },
    resolve: (_root, { email, password }, context) => login(email, password, context),
  }),
)

builder.mutationField('logout', (t) =>
  t.boolean({
    description:
      'This mutation revokes the access token that the request carries: no instance accepts it any more, and no gateway that has a blacklist. The answer is true. For a static token or a management token the error is FORBIDDEN: who configured it or made it ends it.',
    resolve: (_root, _args, context) => logout(context),
  }),
)
