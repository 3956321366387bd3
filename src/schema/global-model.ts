import type { GlobalModelRow } from '../gateway/rows.js'
import { builder } from './builder.js'

export const GlobalModel = builder.objectRef<GlobalModelRow>('GlobalModel').implement({
  description: 'A model under the name that clients use, whichever provider serves it (`global_models`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'As affinities name it, but for older ones.' }),
    name: t.exposeString('name', { description: 'The name that clients ask for.' }),
    displayName: t.exposeString('displayName', { description: 'Its name for people.' }),
    isActive: t.exposeBoolean('isActive', { description: 'False: the gateway does not serve it.' }),
  }),
})
