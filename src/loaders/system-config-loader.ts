import type { GatewayStore } from '../gateway/gateway-store.js'
import { createEntityLoader, type EntityLoader } from './entity-loader.js'

/** Values of `system_configs` by their key. A stored JSON null reads as no value. */
export const createSystemConfigLoader = (gateway: GatewayStore): EntityLoader<unknown> =>
  createEntityLoader(
    async (keys) =>
      new Map((await gateway.systemConfigs(keys)).map(({ key, value }) => [key, value] as const)),
  )
