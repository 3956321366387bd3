import type { UserRow } from '../gateway/rows.js'
import { builder } from './builder.js'

export const UserRole = builder.enumType('UserRole', {
  description: 'The role says what an account may do at the gateway.',
  values: {
    ADMIN: { value: 'admin', description: 'The account may administer the gateway, and so sign in here.' },
    USER: { value: 'user', description: 'The account may use the gateway.' },
  } as const,
})

export const User = builder.objectRef<UserRow>('User').implement({
  description: 'A user is an account of the gateway (table `users`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'API keys name the user by this id.' }),
    username: t.exposeString('username', {
      description: 'The user signs in with this name, which no other user has.',
    }),
    email: t.exposeString('email', { description: 'This is the user’s email, which no other user has.' }),
    role: t.expose('role', { type: UserRole, description: 'The role says what the user may do.' }),
    isActive: t.exposeBoolean('isActive', {
      description:
        'False if the user is switched off; the gateway then honours no affinity of the user’s API keys.',
    }),
  }),
})
