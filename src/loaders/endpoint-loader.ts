import type { EndpointRow } from '../stores/gateway-rows.js'
import type { GatewayStore } from '../stores/gateway-store.js'
import { byId, createEntityLoader, type EntityLoader } from './entity-loader.js'

export const createEndpointLoader = (gateway: GatewayStore): EntityLoader<EndpointRow> =>
  createEntityLoader(async (ids) => byId(await gateway.endpoints(ids)))
