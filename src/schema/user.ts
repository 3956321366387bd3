import { builder } from './builder.js'

export const UserRole = builder.enumType('UserRole', {
  description: 'What an account may do at the gateway.',
  values: { ADMIN: { value: 'admin' }, USER: { value: 'user' } } as const,
})

export const User = builder.prismaObject('User', {
  description: 'An account of the gateway (`users`).',
  fields: (t) => ({
    id: t.exposeID('id'),
    username: t.exposeString('username'),
    email: t.exposeString('email'),
    role: t.expose('role', { type: UserRole }),
    isActive: t.exposeBoolean('isActive', { description: 'False also stops all pins of its API keys.' }),
  }),
})
