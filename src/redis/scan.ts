import { Cluster, type Redis } from 'ioredis'
import { DigestSet } from '../util/digest-set.js'
import { decodeKey } from '../util/key-bytes.js'
import { toCacheError } from './cache-errors.js'
import { masterNodes, type RedisClient } from './client.js'
import { clusterLayout } from './masters.js'
import { microsecondsBetween, ScanPace } from './scan-pace.js'

/** Scans of a cluster, at most, while its slots move. */
const MAX_PASSES = 3

/** Keys that a scan of one server found. */
export interface NodeKeys {
  readonly node: Redis
  readonly keys: readonly string[]
  /** About the number of keys that Redis has looked at to find these. */
  readonly visited: number
}

export interface ScanOptions {
  /** The glob of the keys, which Redis applies. */
  readonly pattern: string
  /** Filters the keys further, if a glob cannot express the condition. */
  readonly isWanted?: (key: string) => boolean
  /** Allows a key more than once, as SCAN gives it. Remembering all keys takes time and memory. */
  readonly mayRepeat?: boolean
  /** Yields every step, also one that found no key, so that the consumer sets the pace of the walk. */
  readonly everyStep?: boolean
  /**
   * Requests the next step while the consumer works on the keys of this one. A clear must not prefetch: a failed prefetch
   * could hide the outcome of the removals that it has sent.
   */
  readonly prefetch?: boolean
  /** Receives about the number of keys that Redis has looked at, when a server has been scanned. */
  readonly onVisited?: (keys: number) => void
  /** Ends the scan of each server after about so many keys that Redis has looked at; without it every key is seen. */
  readonly maxVisited?: number
}

const GLOB_CHARACTERS = /[*?[\]\\]/g

/** Returns a SCAN pattern for all keys with a prefix, whose glob characters are escaped. */
export const scanPattern = (prefix: string): string => `${prefix.replace(GLOB_CHARACTERS, '\\$&')}*`

interface ScanStep {
  readonly cursor: string
  readonly keys: string[]
  readonly count: number
}

interface Walk {
  readonly pattern: string
  readonly prefetch: boolean
  readonly everyStep: boolean
  readonly maxVisited: number
  /** Selects the keys of a step that are passed on. */
  readonly pick: (keys: string[]) => string[]
  readonly onVisited: (keys: number) => void
}

/**
 * Scans every master and yields each key once, in batches that are not empty.
 * @throws UnavailableError, also if a master of the cluster is not connected
 */
export async function* scanMasters(client: RedisClient, options: ScanOptions): AsyncGenerator<NodeKeys> {
  const { pattern, prefetch = false, everyStep = false, onVisited = () => {} } = options
  const { maxVisited = Number.POSITIVE_INFINITY } = options
  // A cluster may be scanned more than once, and the keys of the first scan must not be yielded again.
  const seen = options.mayRepeat ? undefined : new DigestSet()
  const pick = pickerOf(options.isWanted, seen)
  const walk: Walk = { pattern, prefetch, everyStep, maxVisited, onVisited, pick }
  try {
    if (client instanceof Cluster) yield* scanCluster(client, walk)
    else yield* scanNode(client, walk)
  } catch (error) {
    throw toCacheError(error)
  }
}

function pickerOf(isWanted: ScanOptions['isWanted'], seen: DigestSet | undefined): Walk['pick'] {
  const isNew = seen && ((key: string) => seen.add(key))
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
  { pattern, prefetch, everyStep, maxVisited, pick, onVisited }: Walk,
): AsyncGenerator<NodeKeys> {
  const pace = new ScanPace()
  const step = (cursor: string): Promise<ScanStep> => {
    const reply = scanStep(node, cursor, pattern, pace)
    // A consumer that stops early never awaits this promise: its rejection must not be unhandled.
    reply.catch(() => {})
    return reply
  }
  let reply: Promise<ScanStep> | undefined = step('0')
  let visited = 0
  while (reply !== undefined) {
    const { cursor, keys: found, count }: ScanStep = await reply
    visited += count
    const isLast: boolean = cursor === '0' || visited >= maxVisited
    reply = isLast || !prefetch ? undefined : step(cursor)
    const keys = pick(found)
    if (keys.length > 0 || everyStep) yield { node, keys, visited: count }
    if (!isLast) reply ??= step(cursor)
  }
  onVisited(visited)
}

/** Makes one SCAN between two looks at Redis's clock: the way there, and our own delays, do not count. */
async function scanStep(node: Redis, cursor: string, pattern: string, pace: ScanPace): Promise<ScanStep> {
  const { count } = pace
  const steps = node.pipeline().time().scanBuffer(cursor, 'MATCH', pattern, 'COUNT', count).time()
  const [before, scanned, after] = (await steps.exec()) ?? []
  const [error, reply] = scanned ?? [new Error('the pipeline was aborted')]
  if (error) throw error
  pace.took(microsecondsBetween(before?.[1], after?.[1]), count)
  const [next, keys] = reply as [cursor: Buffer, keys: Buffer[]]
  return { cursor: next.toString(), keys: keys.map(decodeKey), count }
}
