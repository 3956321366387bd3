import { Cluster, type Redis } from 'ioredis'
import { toCacheError } from './cache-errors.js'
import { masterNodes, type RedisClient } from './client.js'
import { clusterLayout } from './cluster-layout.js'

/** Keys looked at in one SCAN step: few round trips, and each step stays well under a millisecond in Redis. */
const SCAN_COUNT = 2_000

/** Walks of a cluster's masters while its slots move. */
const MAX_PASSES = 3

/** Keys that one server named. */
export interface NodeKeys {
  readonly node: Redis
  readonly keys: readonly string[]
}

export interface ScanOptions {
  /** A glob that Redis matches. */
  readonly pattern: string
  /** Has the last word where a glob cannot say what is meant. */
  readonly isWanted?: (key: string) => boolean
  /** A single server's keys may come more than once, as they do from SCAN: to remember them all takes time and memory. */
  readonly mayRepeat?: boolean
  /**
   * The next step is asked for while this one's keys are worked on. A clear does not want that: a failure of the look
   * for more would leave it in doubt about what it has sent.
   */
  readonly prefetch?: boolean
}

const GLOB_CHARACTERS = /[*?[\]\\]/g

/** A SCAN pattern that matches every key with exactly this prefix: glob characters in it are escaped. */
export const scanPattern = (prefix: string): string => `${prefix.replace(GLOB_CHARACTERS, '\\$&')}*`

type ScanStep = Promise<[cursor: string, keys: string[]]>

interface Walk {
  readonly pattern: string
  readonly prefetch: boolean
  /** Which keys of a step are handed on. */
  readonly pick: (keys: string[]) => string[]
}

/**
 * Walks every master with SCAN and gives each key once, in batches that are not empty.
 * @throws UnavailableError, also where a master of the cluster is not connected
 */
export async function* scanMasters(client: RedisClient, options: ScanOptions): AsyncGenerator<NodeKeys> {
  const { pattern, prefetch = false } = options
  // A cluster may be walked more than once, and is not read all over again.
  const seen = options.mayRepeat && !(client instanceof Cluster) ? undefined : new Set<string>()
  const walk: Walk = { pattern, prefetch, pick: pickerOf(options.isWanted, seen) }
  try {
    if (client instanceof Cluster) yield* scanCluster(client, walk)
    else yield* scanNode(client, walk)
  } catch (error) {
    throw toCacheError(error)
  }
}

function pickerOf(isWanted: ScanOptions['isWanted'], seen: Set<string> | undefined): Walk['pick'] {
  // One look at the set for each key, not two: it is the dearest step here.
  const isNew = seen && ((key: string) => seen.size < seen.add(key).size)
  if (isWanted && isNew) return (keys) => keys.filter((key) => isWanted(key) && isNew(key))
  const test = isWanted ?? isNew
  return test ? (keys) => keys.filter(test) : (keys) => keys
}

/** A key whose slot moves may be missed by SCAN at both its masters: then they are walked once more. */
async function* scanCluster(cluster: Cluster, walk: Walk): AsyncGenerator<NodeKeys> {
  for (let pass = 1; pass <= MAX_PASSES; pass += 1) {
    const masters = masterNodes(cluster)
    const before = await clusterLayout(masters)
    for (const node of masters) yield* scanNode(node, walk)
    const after = await clusterLayout(masterNodes(cluster))
    if (after.text === before.text && !before.isMoving) return
  }
}

async function* scanNode(node: Redis, { pattern, prefetch, pick }: Walk): AsyncGenerator<NodeKeys> {
  const step = (cursor: string): ScanStep => {
    const reply = node.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT)
    // A reader that stops early does not wait for it.
    reply.catch(() => {})
    return reply
  }
  let reply: ScanStep | undefined = step('0')
  while (reply !== undefined) {
    const answer: readonly [string, string[]] = await reply
    const cursor: string = answer[0]
    const isLast: boolean = cursor === '0'
    reply = isLast || !prefetch ? undefined : step(cursor)
    const keys = pick(answer[1])
    if (keys.length > 0) yield { node, keys }
    if (!isLast) reply ??= step(cursor)
  }
}
