import type { Generation, NodeState } from '../../gateway/nodes/gateway-nodes.js'
import { NO_NODES, WHAT_TO_SET_FOR_PYTHON } from './clear-warning.js'

/** How clears reach the gateway, as far as it is known before one is tried. */
export interface ClearFacts {
  readonly clearPath: 'REDIS' | 'GATEWAY_API' | 'NONE'
  /** Why clears are refused or incomplete, with what to set; null when they are not. */
  readonly clearProblem: string | null
  readonly clearsAtOnce: boolean
  readonly hasUnlistedRecords: boolean | null
}

export interface ClearFactsOf {
  readonly generation: Generation
  /** One for each of GATEWAY_URLS. */
  readonly nodes: readonly NodeState[]
  readonly hasToken: boolean
  /** Whether records are being written that no node lists; null: not known. */
  readonly hasUnlistedRecords: boolean | null
  /** CLEAR_AT_ONCE. */
  readonly mayActAtOnce: boolean
}

export function clearFacts(of: ClearFactsOf): ClearFacts {
  const { generation, nodes, hasToken, mayActAtOnce } = of
  const isMirror = generation === 'PROCESS_MEMORY'
  const isReached = nodes.length > 0 && (hasToken || generation === 'ENDPOINT_KEYS')
  return {
    clearPath: isReached ? 'GATEWAY_API' : isMirror ? 'NONE' : 'REDIS',
    clearProblem: isReached ? problemOf(of) : isMirror ? NO_NODES : `${IN_USE} ${WHAT_TO_SET_FOR_PYTHON}`,
    hasUnlistedRecords: of.hasUnlistedRecords,
    clearsAtOnce:
      !isMirror || (mayActAtOnce && nodes.length > 0 && nodes.every((node) => node.canClearAtOnce === true)),
  }
}

const IN_USE = 'Pins in use come back after a clear, since the gateway’s workers have them in memory.'

function problemOf({ generation, nodes, hasToken, hasUnlistedRecords }: ClearFactsOf): string | null {
  const away = nodes.filter(({ reachable, canClear }) => reachable === false || canClear === false)
  const balanced = nodes.filter(({ alternates }) => generation === 'PROCESS_MEMORY' && alternates === true)
  const sentences = [
    ...away.map(({ url, error }) => `${url}: ${error ?? 'it may not be cleared'}.`),
    ...balanced.map(
      ({ url }) => `${url}: its answers come from several processes; name each one in GATEWAY_URLS.`,
    ),
    ...(hasUnlistedRecords === true
      ? [
          'Records are being written that no node lists: a node may be missing, whose memory clears do not reach; name every node in GATEWAY_URLS.',
        ]
      : []),
    ...(hasToken
      ? []
      : [
          'Only clears of administrators who signed in reach the gateway’s memory; set GATEWAY_TOKEN for the others.',
        ]),
  ]
  return sentences.length === 0 ? null : sentences.join(' ')
}
