import type { ProviderRow } from '../stores/gateway-rows.js'
import type { GatewayStore } from '../stores/gateway-store.js'
import { byId, createEntityLoader, type EntityLoader } from './entity-loader.js'

export const createProviderLoader = (gateway: GatewayStore): EntityLoader<ProviderRow> =>
  createEntityLoader(async (ids) => byId(await gateway.providers(ids)))
