import type { PinTarget } from '../affinities/affinity-record.js'
import { DEMO_GLOBAL_MODELS, DEMO_MODELS, type DemoGlobalModel, type DemoModel } from './models.js'
import {
  CIRCUIT_OPEN_KEY,
  DEMO_ENDPOINTS,
  DEMO_PROVIDER_KEYS,
  type DemoEndpoint,
  type DemoProviderKey,
  EXPIRED_PROVIDER_KEY,
  INACTIVE_PROVIDER,
} from './upstreams.js'

/** A pin that can serve a demand, the model's row at its provider, and the TTL of the affinity. */
export interface DemoRoute {
  readonly pin: PinTarget
  readonly model: DemoModel
  readonly ttlSeconds: number
}

/** An API format and a model that clients ask for, and the scheduler's candidates for it (at least one). */
export interface DemoDemand {
  readonly apiFormat: string
  readonly globalModel: DemoGlobalModel
  readonly routes: readonly DemoRoute[]
}

function endpointOf(key: DemoProviderKey): DemoEndpoint {
  const endpoint = DEMO_ENDPOINTS.find(({ id }) => id === key.endpointId)
  if (!endpoint) throw new RangeError(`${key.name} has no endpoint.`)
  return endpoint
}

/** Returns the pin of a demo provider key. */
export function pinOf(key: DemoProviderKey): PinTarget {
  const { id, providerId } = endpointOf(key)
  return { providerId, endpointId: id, providerKeyId: key.id }
}

const isUsable = (key: DemoProviderKey): boolean =>
  key !== CIRCUIT_OPEN_KEY &&
  key !== EXPIRED_PROVIDER_KEY &&
  endpointOf(key).providerId !== INACTIVE_PROVIDER.id

function routesTo(apiFormat: string, globalModel: DemoGlobalModel): DemoRoute[] {
  const keys = DEMO_PROVIDER_KEYS.filter((key) => isUsable(key) && endpointOf(key).apiFormat === apiFormat)
  return keys.flatMap((key) => {
    const pin = pinOf(key)
    const model = DEMO_MODELS.find(
      ({ providerId, globalModelId }) => providerId === pin.providerId && globalModelId === globalModel.id,
    )
    return model ? [{ pin, model, ttlSeconds: key.cacheTtlMinutes * 60 }] : []
  })
}

/** Returns true if clients use this format for this model: Claude's formats for Claude models, OpenAI's for all others. */
const isSpokenIn = (apiFormat: string, { name }: DemoGlobalModel): boolean =>
  apiFormat.startsWith('CLAUDE') === name.startsWith('claude')

/** All formats and models that at least one usable provider key serves. */
export const DEMO_DEMANDS: readonly DemoDemand[] = [
  ...new Set(DEMO_ENDPOINTS.map(({ apiFormat }) => apiFormat)),
].flatMap((apiFormat) =>
  DEMO_GLOBAL_MODELS.filter((model) => model.isActive && isSpokenIn(apiFormat, model))
    .map((globalModel) => ({ apiFormat, globalModel, routes: routesTo(apiFormat, globalModel) }))
    .filter(({ routes }) => routes.length > 0),
)
