import type { Context } from '../context.js'
import type { GatewayTraits } from '../gateway/gateway.js'

/** How affinities are cleared: by Redis alone, by the gateway's own API as well, or not at all. */
export type ClearPath = 'REDIS' | 'GATEWAY_API' | 'NONE'

/** One of the gateway's nodes; null for what nobody has looked at yet. */
export interface GatewayNode {
  readonly url: string
  readonly reachable: boolean | null
  readonly canRead: boolean | null
  readonly canClear: boolean | null
  readonly canClearAtOnce: boolean | null
  readonly alternates: boolean | null
  readonly checkedAt: Date | null
  readonly error: string | null
}

/** A prefix of Redis keys that hold affinities, or look as if they did. */
export interface KeyFamilyCount {
  readonly prefix: string
  readonly understood: boolean
  readonly records: number
}

/** What is known of the gateway. What its database tells stands in the traits. */
export interface KnownGateway extends GatewayTraits {
  readonly keyPrefix: string | null
  readonly clearPath: ClearPath
  readonly clearProblem: string | null
  readonly clearsAtOnce: boolean
  readonly nodes: readonly GatewayNode[]
  readonly families: readonly KeyFamilyCount[]
}

const UNCLEARABLE =
  'Redis only mirrors what this gateway’s processes hold in memory, so a clear in Redis changes nothing there.'

export function knownGateway({ gatewayTraits }: Context): KnownGateway {
  const traits = gatewayTraits()
  return {
    ...traits,
    keyPrefix: null,
    clearPath: traits.redisDecidesRouting ? 'REDIS' : 'NONE',
    clearProblem: traits.redisDecidesRouting ? null : UNCLEARABLE,
    // A gateway that reads Redis has no ranked candidates that could outlive a clear.
    clearsAtOnce: traits.redisDecidesRouting,
    nodes: [],
    families: [],
  }
}

/** Whether the scheduler goes by pins; null if no table tells it. */
export const pinsAreHonoured = async ({ loaders }: Context): Promise<boolean | null> =>
  (await loaders.schedulingModes()).pinsAreHonoured
