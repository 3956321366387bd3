import type { ProviderKeyRow } from '../stores/gateway-rows.js'
import type { GatewayStore } from '../stores/gateway-store.js'
import { byId, createEntityLoader, type EntityLoader } from './entity-loader.js'

export const createProviderKeyLoader = (gateway: GatewayStore): EntityLoader<ProviderKeyRow> =>
  createEntityLoader(async (ids) => byId(await gateway.providerKeys(ids)))
