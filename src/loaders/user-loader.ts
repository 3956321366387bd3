import type { UserRow } from '../stores/gateway-rows.js'
import type { GatewayStore } from '../stores/gateway-store.js'
import { byId, createEntityLoader, type EntityLoader } from './entity-loader.js'

export const createUserLoader = (gateway: GatewayStore): EntityLoader<UserRow> =>
  createEntityLoader(async (ids) => byId(await gateway.users(ids)))
