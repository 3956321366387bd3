import { builder } from './builder.js'

export const GlobalModel = builder.prismaObject('GlobalModel', {
  description: 'A model under the name that clients use, whichever provider serves it (`global_models`).',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    displayName: t.exposeString('displayName'),
    isActive: t.exposeBoolean('isActive'),
  }),
})
