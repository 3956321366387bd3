import type { UserRow } from '../gateway/rows.js'
import { builder } from './builder.js'

export const UserRole = builder.enumType('UserRole', {
  description: 'What an account may do at the gateway.',
  values: {
    ADMIN: { value: 'admin', description: 'May administer it, and so sign in here.' },
    USER: { value: 'user', description: 'May use it.' },
  } as const,
})

export const User = builder.objectRef<UserRow>('User').implement({
  description: 'An account of the gateway (`users`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'As the API keys name it.' }),
    username: t.exposeString('username', { description: 'The name that it signs in with; unique.' }),
    email: t.exposeString('email', { description: 'Unique.' }),
    role: t.expose('role', { type: UserRole, description: 'What it may do.' }),
    isActive: t.exposeBoolean('isActive', { description: 'False also stops all pins of its API keys.' }),
  }),
})
