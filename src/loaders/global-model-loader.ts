import type { GlobalModelRow } from '../stores/gateway-rows.js'
import type { GatewayStore } from '../stores/gateway-store.js'
import { byId, createEntityLoader, type EntityLoader } from './entity-loader.js'

export const createGlobalModelLoader = (gateway: GatewayStore): EntityLoader<GlobalModelRow> =>
  createEntityLoader(async (ids) => byId(await gateway.globalModels(ids)))
