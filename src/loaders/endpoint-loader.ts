import type { GatewayStore } from '../gateway/gateway-store.js'
import type { EndpointRow } from '../gateway/rows.js'
import { byId, createEntityLoader, type EntityLoader } from './entity-loader.js'

export const createEndpointLoader = (gateway: GatewayStore): EntityLoader<EndpointRow> =>
  createEntityLoader(async (ids) => byId(await gateway.endpoints(ids)))
