import type { GatewayStore } from '../gateway/gateway-store.js'
import type { GlobalModelRow } from '../gateway/rows.js'
import { byId, createEntityLoader, type EntityLoader } from './entity-loader.js'

export const createGlobalModelLoader = (gateway: GatewayStore): EntityLoader<GlobalModelRow> =>
  createEntityLoader(async (ids) => byId(await gateway.globalModels(ids)))
