import type { ClearFacts } from '../affinities/clear/clear-facts.js'
import { otherKindProblem } from '../affinities/clear/other-kind.js'
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

/** Why clears are refused or incomplete, in sentences that say what to set; null if they are not. */
export async function clearProblem({ clearProblem }: KnownGateway, context: Context): Promise<string | null> {
  const { affinities, affinityStore, gatewayFigures, gatewayTraits, loaders, now } = context
  const ours = new Set(gatewayTraits().keyFamilies)
  const others = affinityStore.families.all.map(({ name }) => name).filter((name) => !ours.has(name))
  const otherKind = await otherKindProblem(others, {
    reader: affinities,
    defaultTtlSeconds: gatewayFigures.affinityTtlSeconds,
    async ttlSeconds(providerKeyIds) {
      await loaders.providerKeys.prime(providerKeyIds)
      return (id) => {
        const minutes = loaders.providerKeys.known(id)?.cacheTtlMinutes
        return minutes === undefined ? undefined : minutes * 60
      }
    },
    now: now(),
  })
  const sentences = [clearProblem, otherKind].filter((sentence) => sentence !== null)
  return sentences.length === 0 ? null : sentences.join(' ')
}

/** Whether the scheduler goes by pins; null if no table tells it. */
export const pinsAreHonoured = async ({ loaders }: Context): Promise<boolean | null> =>
  (await loaders.schedulingModes()).pinsAreHonoured
