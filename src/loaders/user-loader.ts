import type { GatewayStore } from '../gateway/gateway-store.js'
import type { UserRow } from '../gateway/rows.js'
import { byId, createEntityLoader, type EntityLoader } from './entity-loader.js'

export const createUserLoader = (gateway: GatewayStore): EntityLoader<UserRow> =>
  createEntityLoader(async (ids) => byId(await gateway.users(ids)))
