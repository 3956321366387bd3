import type { GlobalModelRow } from '../gateway/rows.js'
import { builder } from './builder.js'

export const GlobalModel = builder.objectRef<GlobalModelRow>('GlobalModel').implement({
  description:
    'A global model is a model under the name that clients use, whichever provider serves it (table `global_models`).',
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'Affinities name the global model by this id; older ones use a raw name.',
    }),
    name: t.exposeString('name', { description: 'Clients ask for this name.' }),
    displayName: t.exposeString('displayName', { description: 'People see this name.' }),
    isActive: t.exposeBoolean('isActive', {
      description: 'False if the gateway does not serve the global model.',
    }),
  }),
})
