import type { GatewayStore } from '../gateway/gateway-store.js'
import type { ProviderRow } from '../gateway/rows.js'
import { byId, createEntityLoader, type EntityLoader } from './entity-loader.js'

export const createProviderLoader = (gateway: GatewayStore): EntityLoader<ProviderRow> =>
  createEntityLoader(async (ids) => byId(await gateway.providers(ids)))
