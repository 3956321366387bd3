import type { GatewayStore } from '../gateway/gateway-store.js'
import type { ServingModelRow } from '../gateway/rows.js'
import { createEntityLoader, type EntityLoader } from './entity-loader.js'

/** Which active providers serve a global model, and under which names; by global model id. */
export const createModelsLoader = (gateway: GatewayStore): EntityLoader<readonly ServingModelRow[]> =>
  createEntityLoader(async (globalModelIds) => {
    const models = new Map<string, ServingModelRow[]>(globalModelIds.map((id) => [id, []]))
    for (const row of await gateway.servingModels(globalModelIds)) models.get(row.globalModelId)?.push(row)
    return models
  })
