import type { GatewayStore } from '../gateway/gateway-store.js'
import type {
  EndpointRow,
  GlobalModelRow,
  ProviderKeyRow,
  ProviderRow,
  SchedulingModes,
  ServingModelRow,
  UserRow,
} from '../gateway/rows.js'
import { type ApiKeyLoaders, createApiKeyLoaders } from './api-key-loaders.js'
import { createEndpointLoader } from './endpoint-loader.js'
import type { EntityLoader } from './entity-loader.js'
import { createGlobalModelLoader } from './global-model-loader.js'
import { createModelsLoader } from './models-loader.js'
import { createProviderKeyLoader } from './provider-key-loader.js'
import { createProviderLoader } from './provider-loader.js'
import { createUserLoader } from './user-loader.js'

/** Every loader of one request. Made anew for each: a row is never older than the request that shows it. */
export interface Loaders {
  readonly users: EntityLoader<UserRow>
  readonly apiKeys: ApiKeyLoaders
  readonly providers: EntityLoader<ProviderRow>
  readonly endpoints: EntityLoader<EndpointRow>
  readonly providerKeys: EntityLoader<ProviderKeyRow>
  readonly globalModels: EntityLoader<GlobalModelRow>
  /** By global model id. */
  readonly models: EntityLoader<readonly ServingModelRow[]>
  /** Read when a field first asks for them, and then once. */
  schedulingModes(): Promise<SchedulingModes>
}

export function createLoaders(gateway: GatewayStore): Loaders {
  const users = createUserLoader(gateway)
  let schedulingModes: Promise<SchedulingModes> | undefined
  return {
    users,
    apiKeys: createApiKeyLoaders(gateway, users),
    providers: createProviderLoader(gateway),
    endpoints: createEndpointLoader(gateway),
    providerKeys: createProviderKeyLoader(gateway),
    globalModels: createGlobalModelLoader(gateway),
    models: createModelsLoader(gateway),
    schedulingModes() {
      schedulingModes ??= gateway.schedulingModes()
      return schedulingModes
    },
  }
}
