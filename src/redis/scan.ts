import { Cluster, type Redis } from 'ioredis'
import { decodeKey } from '../util/key-bytes.js'
import { toCacheError } from './cache-errors.js'
import { masterNodes, type RedisClient } from './client.js'
import { clusterLayout } from './masters.js'

/** Keys that Redis checks in one SCAN step: few round trips, and each step takes well under a millisecond. */
const SCAN_COUNT = 2_000
/** What a scan of one step counts as: it has looked at 0 to 2,000 keys. */
const SHORT_SCAN = 500

/** Scans of a cluster, at most, while its slots move. */
const MAX_PASSES = 3

/** Keys that a scan of one server found. */
export interface NodeKeys {
  readonly node: Redis
  readonly keys: readonly string[]
}

export interface ScanOptions {
  /** The glob of the keys, which Redis applies. */
  readonly pattern: string
  /** Filters the keys further, if a glob cannot express the condition. */
  readonly isWanted?: (key: string) => boolean
  /** Allows a key more than once, as SCAN gives it; only for a single server. Remembering all keys takes time and memory. */
  readonly mayRepeat?: boolean
  /**
   * Requests the next step while the consumer works on the keys of this one. A clear must not prefetch: a failed prefetch
   * could hide the outcome of the removals that it has sent.
   */
  readonly prefetch?: boolean
  /** Receives about the number of keys that Redis has looked at, when a server has been scanned. */
  readonly onVisited?: (keys: number) => void
  /** Ends the scan of each server after so many steps, of 2,000 keys each; without it every key is seen. */
  readonly maxSteps?: number
}

const GLOB_CHARACTERS = /[*?[\]\\]/g

/** Returns a SCAN pattern for all keys with a prefix, whose glob characters are escaped. */
export const scanPattern = (prefix: string): string => `${prefix.replace(GLOB_CHARACTERS, '\\$&')}*`

type ScanStep = Promise<[cursor: Buffer, keys: Buffer[]]>

interface Walk {
  readonly pattern: string
  readonly prefetch: boolean
  readonly maxSteps: number
  /** Selects the keys of a step that are passed on. */
  readonly pick: (keys: string[]) => string[]
  readonly onVisited: (keys: number) => void
}

/**
 * Scans every master and yields each key once, in batches that are not empty.
 * @throws UnavailableError, also if a master of the cluster is not connected
 */
export async function* scanMasters(client: RedisClient, options: ScanOptions): AsyncGenerator<NodeKeys> {
  const { pattern, prefetch = false, maxSteps = Number.POSITIVE_INFINITY, onVisited = () => {} } = options
  // A cluster may be scanned more than once, and the keys of the first scan must not be yielded again.
  const seen = options.mayRepeat && !(client instanceof Cluster) ? undefined : new Set<string>()
  const walk: Walk = { pattern, prefetch, maxSteps, onVisited, pick: pickerOf(options.isWanted, seen) }
  try {
    if (client instanceof Cluster) yield* scanCluster(client, walk)
    else yield* scanNode(client, walk)
  } catch (error) {
    throw toCacheError(error)
  }
}

function pickerOf(isWanted: ScanOptions['isWanted'], seen: Set<string> | undefined): Walk['pick'] {
  // `add` alone, instead of `has` and `add`, because the set is the most expensive part of a scan.
  const isNew = seen && ((key: string) => seen.size < seen.add(key).size)
  if (isWanted && isNew) return (keys) => keys.filter((key) => isWanted(key) && isNew(key))
  const test = isWanted ?? isNew
  return test ? (keys) => keys.filter(test) : (keys) => keys
}

/** Scans all masters, and again if slots move: SCAN may miss a moving key at both masters. */
async function* scanCluster(cluster: Cluster, walk: Walk): AsyncGenerator<NodeKeys> {
  for (let pass = 1; pass <= MAX_PASSES; pass += 1) {
    const masters = masterNodes(cluster)
    const before = await clusterLayout(masters)
    for (const node of masters) yield* scanNode(node, walk)
    const after = await clusterLayout(masterNodes(cluster))
    if (after.text === before.text && !before.isMoving) return
  }
}

async function* scanNode(
  node: Redis,
  { pattern, prefetch, maxSteps, pick, onVisited }: Walk,
): AsyncGenerator<NodeKeys> {
  const step = (cursor: string): ScanStep => {
    const reply = node.scanBuffer(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT)
    // A consumer that stops early never awaits this promise: its rejection must not be unhandled.
    reply.catch(() => {})
    return reply
  }
  let reply: ScanStep | undefined = step('0')
  let steps = 0
  while (reply !== undefined) {
    const answer: readonly [Buffer, Buffer[]] = await reply
    const cursor = answer[0].toString()
    steps += 1
    const isLast: boolean = cursor === '0' || steps >= maxSteps
    reply = isLast || !prefetch ? undefined : step(cursor)
    const keys = pick(answer[1].map(decodeKey))
    if (keys.length > 0) yield { node, keys }
    if (!isLast) reply ??= step(cursor)
  }
  onVisited(steps > 1 ? steps * SCAN_COUNT : SHORT_SCAN)
}
