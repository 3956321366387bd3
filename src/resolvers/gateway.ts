import type { ClearFacts } from '../affinities/clear/clear-facts.js'
import type { Context } from '../context.js'
import type { GatewayTraits } from '../gateway/gateway.js'
import type { NodeState } from '../gateway/nodes/gateway-nodes.js'

/** What is known of the gateway. What its database tells stands in the traits. */
export interface KnownGateway extends GatewayTraits, ClearFacts {
  /** The text before each of the gateway's keys, without its colon; null if there is none. */
  readonly keyPrefix: string | null
  readonly nodes: readonly NodeState[]
}

export function knownGateway({ gatewayTraits, gatewayNodes, clearFacts, keyPrefix }: Context): KnownGateway {
  return { ...gatewayTraits(), ...clearFacts(), keyPrefix, nodes: gatewayNodes() }
}

/** Whether the scheduler goes by pins; null if no table tells it. */
export const pinsAreHonoured = async ({ loaders }: Context): Promise<boolean | null> =>
  (await loaders.schedulingModes()).pinsAreHonoured
