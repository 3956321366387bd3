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

/** A provider key that can serve a demand, and the model's row at its provider. */
export interface DemoRoute {
  readonly pin: PinTarget
  readonly model: DemoModel
  readonly ttlSeconds: number
}

/** What a client may ask for, and the candidates that the gateway's scheduler has for it: one at least. */
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

/** The pin of a demo provider key. */
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

/** Claude models are asked for in Claude's formats, all others in OpenAI's. */
const isSpokenIn = (apiFormat: string, { name }: DemoGlobalModel): boolean =>
  apiFormat.startsWith('CLAUDE') === name.startsWith('claude')

/** Every format and model that some usable key serves. */
export const DEMO_DEMANDS: readonly DemoDemand[] = [
  ...new Set(DEMO_ENDPOINTS.map(({ apiFormat }) => apiFormat)),
].flatMap((apiFormat) =>
  DEMO_GLOBAL_MODELS.filter((model) => model.isActive && isSpokenIn(apiFormat, model))
    .map((globalModel) => ({ apiFormat, globalModel, routes: routesTo(apiFormat, globalModel) }))
    .filter(({ routes }) => routes.length > 0),
)
