import type { ApiKeyRow } from '../gateway/rows.js'
import { userOfApiKey } from '../resolvers/entities.js'
import { builder } from './builder.js'
import { User } from './user.js'

export const ApiKey = builder.objectRef<ApiKeyRow>('ApiKey').implement({
  description: 'A key with which a client calls the gateway (`api_keys`).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'As in the cache keys.' }),
    name: t.exposeString('name', { nullable: true, description: 'What its owner calls it.' }),
    maskedKey: t.string({
      nullable: true,
      description:
        'First 8 characters, `********`, last 4; null where it cannot be decrypted. The key itself is never sent.',
      resolve: (apiKey, _args, context) => context.maskStoredKey(apiKey.keyEncrypted),
    }),
    isStandalone: t.exposeBoolean('isStandalone', {
      description: 'A key with its own balance, not its user’s quota.',
    }),
    isActive: t.exposeBoolean('isActive', { description: 'False: the gateway refuses it.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true, description: 'Null: never.' }),
    user: t.field({
      type: User,
      nullable: true,
      description: 'Its owner.',
      resolve: (apiKey, _args, context) => userOfApiKey(apiKey, context),
    }),
  }),
})
