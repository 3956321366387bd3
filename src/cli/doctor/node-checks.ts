import { setTimeout as sleep } from 'node:timers/promises'
import type { Generation } from '../../gateway/gateway.js'
import type { GatewayNodes } from '../../gateway/nodes/gateway-nodes.js'
import type { Finding } from './finding.js'

/** Milliseconds until the second look for processes that no node is: one that restarts is none of them for a moment. */
const LOOK_AGAIN_MS = 5_000

/** Asks every node what clears may ask of it. It clears nothing: the ids that it sends belong to nothing. */
export async function checkNodes(nodes: GatewayNodes, generation: Generation): Promise<Finding[]> {
  await nodes.check()
  return nodes.states().map(({ url, reachable, canRead, canClear, canClearAtOnce, alternates, error }) => {
    const isFine = reachable === true && canRead === true && canClear === true
    const may = [
      reachable === null ? 'was not asked' : reachable ? 'answers' : 'does not answer',
      canRead === null ? undefined : canRead ? 'may be read' : 'may not be read',
      canClear === null ? undefined : canClear ? 'may be cleared' : 'may not be cleared',
      // Python gateways act at once anyway.
      generation !== 'PROCESS_MEMORY' || canClearAtOnce === null
        ? undefined
        : canClearAtOnce
          ? 'at once'
          : 'not at once',
      alternates === null ? undefined : alternates ? 'has several processes' : 'is one process',
    ]
    const words = may.filter((word) => word !== undefined).join(', ')
    const why = error === null ? '' : `: ${error}`
    return {
      check: 'nodes',
      state: isFine || reachable === null ? (error === null ? 'ok' : 'warning') : 'failed',
      message: `The gateway’s node ${url} ${words}${why}.`,
      ...(reachable === false && { isOutage: true }),
    }
  })
}

/** What a clear cannot do where no node is configured. */
export const noNodes = (generation: Generation): Finding => ({
  check: 'nodes',
  state: 'warning',
  message:
    generation === 'PROCESS_MEMORY'
      ? 'GATEWAY_URLS is not set, so every clear is refused: this gateway routes by the memory of its processes, which only its API reaches. See docs/gateways.md, The nodes.'
      : 'GATEWAY_URLS is not set, so pins that are in use come back after a clear, from the memory of the gateway’s workers. See docs/gateways.md, The nodes.',
})

/**
 * Checks, after the nodes, that every process that writes records is one of them. Python gateways list what Redis holds,
 * whoever wrote it, so that nothing can be compared there.
 * @param wasWritten whether a record was found that was written lately
 */
export async function* checkUnlisted(
  nodes: GatewayNodes,
  generation: Generation,
  wasWritten: () => boolean,
  lookAgainMs = LOOK_AGAIN_MS,
): AsyncGenerator<Finding, void, undefined> {
  if (generation !== 'PROCESS_MEMORY' || !wasWritten()) return
  if (nodes.hasUnlistedRecords() === null) {
    await sleep(lookAgainMs)
    await nodes.check()
  }
  const found = nodes.hasUnlistedRecords()
  yield {
    check: 'nodes',
    state: found === false ? 'ok' : 'warning',
    message: found === null ? NOT_COMPARED : found ? UNLISTED : LISTED,
  }
}

const LISTED = 'Each process that has written records lately is one of the nodes.'
const UNLISTED =
  'Records are being written that no node lists, so a process of the gateway may be missing in GATEWAY_URLS: clears do not reach it.'
const NOT_COMPARED =
  'It is not known whether a process of the gateway is missing in GATEWAY_URLS: what the nodes list could not be read in full, or nothing was written between two looks.'
