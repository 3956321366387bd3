import { Cluster, type Redis } from 'ioredis'
import { clusterLayout } from './cluster-layout.js'
import { masterNodes, type RedisClient } from './nodes.js'

/** Keys looked at in one SCAN step: few round trips, and each step stays well under a millisecond in Redis. */
const SCAN_COUNT = 2_000

/** Walks of a cluster's masters while its slots move. */
const MAX_PASSES = 3

const GLOB_CHARACTERS = /[*?[\]\\]/g

/** A SCAN pattern that matches every key with exactly this prefix: glob characters in it are escaped. */
export const scanPattern = (prefix: string): string => `${prefix.replace(GLOB_CHARACTERS, '\\$&')}*`

/** Keys that one server named. */
export interface NodeKeys {
  readonly node: Redis
  readonly keys: readonly string[]
}

/**
 * Walks every master with SCAN and gives each key once, in batches that are not empty.
 * @param pattern a glob that Redis matches
 * @param isWanted has the last word, where a glob cannot say what is meant
 * @throws what ioredis throws; UnavailableError where a master of the cluster is not connected
 */
export async function* scanMasters(
  client: RedisClient,
  pattern: string,
  isWanted: (key: string) => boolean,
): AsyncGenerator<NodeKeys> {
  const seen = new Set<string>()
  const isNew = (key: string): boolean => {
    if (seen.has(key) || !isWanted(key)) return false
    seen.add(key)
    return true
  }
  if (!(client instanceof Cluster)) {
    yield* scanNode(client, pattern, isNew)
    return
  }
  // A key whose slot moves may be missed by SCAN at both its masters: then they are walked once more.
  for (let pass = 1; pass <= MAX_PASSES; pass += 1) {
    const masters = masterNodes(client)
    const before = await clusterLayout(masters)
    for (const node of masters) yield* scanNode(node, pattern, isNew)
    const after = await clusterLayout(masterNodes(client))
    if (after.text === before.text && !before.isMoving) return
  }
}

async function* scanNode(
  node: Redis,
  pattern: string,
  isNew: (key: string) => boolean,
): AsyncGenerator<NodeKeys> {
  let cursor = '0'
  do {
    const [next, found] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT)
    cursor = next
    const keys = found.filter(isNew)
    if (keys.length > 0) yield { node, keys }
  } while (cursor !== '0')
}
