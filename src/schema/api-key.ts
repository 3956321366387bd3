import type { ApiKeyRow } from '../gateway/rows.js'
import { userOfApiKey } from '../resolvers/entities.js'
import { builder } from './builder.js'
import { User } from './user.js'

export const ApiKey = builder.objectRef<ApiKeyRow>('ApiKey').implement({
  description: 'An API key is what a client calls the gateway with (table `api_keys`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'This is the id that cache keys name the API key by.' }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'The owner calls the API key by this name.',
    }),
    maskedKey: t.string({
      nullable: true,
      description:
        'The mask shows the key’s first 8 characters, `********` and its last 4; null if it cannot be decrypted. The key itself is never sent.',
      resolve: (apiKey, _args, context) => context.maskStoredKey(apiKey.storedKey),
    }),
    isStandalone: t.exposeBoolean('isStandalone', {
      description: 'True if the API key has a balance of its own and does not use its user’s quota.',
    }),
    isActive: t.exposeBoolean('isActive', { description: 'False if the gateway refuses the API key.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The API key expires at this time; null if never.',
    }),
    user: t.field({
      type: User,
      nullable: true,
      description: 'This user owns the API key.',
      resolve: (apiKey, _args, context) => userOfApiKey(apiKey, context),
    }),
  }),
})
