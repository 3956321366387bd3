import type { GatewayStore } from '../gateway/gateway-store.js'
import type { ProviderKeyRow } from '../gateway/rows.js'
import { byId, createEntityLoader, type EntityLoader } from './entity-loader.js'

export const createProviderKeyLoader = (gateway: GatewayStore): EntityLoader<ProviderKeyRow> =>
  createEntityLoader(async (ids) => byId(await gateway.providerKeys(ids)))
