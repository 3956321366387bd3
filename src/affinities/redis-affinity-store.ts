import { type ChainableCommander, Cluster, type Redis } from 'ioredis'
import { toCacheError } from '../redis/cache-errors.js'
import { clusterLayout } from '../redis/cluster-layout.js'
import { masterNodes, type RedisClient } from '../redis/nodes.js'
import { removeKeys } from '../redis/removal.js'
import { scanPattern } from '../redis/scan.js'
import { AFFINITY_PREFIX } from './affinity-key.js'
import { type AffinityRecord, parseAffinity } from './affinity-record.js'
import type { AffinityBatch, AffinityStore, BrokenAffinity } from './affinity-store.js'
import { removePins } from './redis-pin-removal.js'

/** Keys asked for in one SCAN step: few round trips, and a parse of one batch stays well under 20 ms. */
const SCAN_COUNT = 2_000

/** Walks of a cluster's masters while its slots move. */
const MAX_PASSES = 3

/** A stored value; null where the key is gone, undefined where it is not a string. */
type Value = string | null | undefined

type ScanStep = Promise<[cursor: string, keys: string[]]>

interface Walk {
  /** Keys that were there before; undefined where it does not matter that SCAN repeats itself. */
  readonly seen: Set<string> | undefined
  readonly aheadOfReader: boolean
}

interface NodeKeys {
  readonly node: Redis
  readonly keys: readonly string[]
}

/** Affinities in one Redis, or in every master of a cluster. */
export function createRedisAffinityStore(client: RedisClient): AffinityStore {
  const readValues = client instanceof Cluster ? readByGet(client) : readByMget

  /**
   * The keys of one master, batch by batch, without those seen before.
   * Ahead of its reader it asks for the next step while this one's keys are read. A clear does not want that: a failure
   * of the look for more would leave it in doubt about what it has sent.
   */
  async function* scanNode(node: Redis, { seen, aheadOfReader }: Walk): AsyncGenerator<NodeKeys> {
    const step = (cursor: string): ScanStep => {
      const reply = node.scan(cursor, 'MATCH', scanPattern(AFFINITY_PREFIX), 'COUNT', SCAN_COUNT)
      // Whoever stops early does not wait for it.
      reply.catch(() => {})
      return reply
    }
    let reply: ScanStep | undefined = step('0')
    while (reply !== undefined) {
      const answer: readonly [string, string[]] = await reply
      const cursor: string = answer[0]
      const isLast: boolean = cursor === '0'
      reply = isLast || !aheadOfReader ? undefined : step(cursor)
      // One look at the set for each key, not two: it is the dearest step here.
      const keys = seen ? answer[1].filter((key) => seen.size < seen.add(key).size) : answer[1]
      if (keys.length > 0) yield { node, keys }
      if (!isLast) reply ??= step(cursor)
    }
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

  async function* scan({ mayRepeat = false, aheadOfReader = false }): AsyncGenerator<NodeKeys> {
    const seen = new Set<string>()
    try {
      // A cluster may be walked more than once, and is not read all over again.
      if (client instanceof Cluster) yield* scanCluster(client, { seen, aheadOfReader })
      else yield* scanNode(client, { seen: mayRepeat ? undefined : seen, aheadOfReader })
    } catch (error) {
      throw toCacheError(error)
    }
  }

  return {
    storageType: 'REDIS',
    async *readAll({ mayRepeat = false } = {}) {
      let batch: Promise<AffinityBatch> | undefined
      for await (const { node, keys } of scan({ mayRepeat, aheadOfReader: true })) {
        const next = readBatch(keys, readValues(node, keys))
        // Whoever stops early does not wait for it.
        next.catch(() => {})
        // Redis reads this one's values while the one before is worked on.
        if (batch) yield await batch
        batch = next
      }
      if (batch) yield await batch
    },
    read: (keys) => readBatch(keys, readAnywhere(client, keys)),
    async *allKeys() {
      for await (const { keys } of scan({})) yield keys
    },
    remove: (keys) => removeKeys(client, keys),
    removePins: (records) => removePins(client, records),
  }
}

/** Keys of any slot: one MGET, or in a cluster each key from its own node. */
async function readAnywhere(client: RedisClient, keys: readonly string[]): Promise<Value[]> {
  if (keys.length === 0) return []
  if (!(client instanceof Cluster)) return readByMget(client, keys)
  return Promise.all(keys.map((key) => client.get(key).catch(wrongType)))
}

/** MGET answers nil for a key of another type as for one that is gone; only those few are asked again. */
async function readByMget(node: Redis, keys: readonly string[]): Promise<Value[]> {
  const values: Value[] = await node.mget(...keys)
  const missing = values.flatMap((value, index) => (value === null ? [index] : []))
  if (missing.length === 0) return values
  const pipeline = node.pipeline()
  for (const index of missing) pipeline.type(keys[index] ?? '')
  const types = await replies(pipeline)
  missing.forEach((index, position) => {
    const [error, type] = types[position] ?? []
    if (error) throw error
    values[index] = type === 'none' || type === 'string' ? null : undefined
  })
  return values
}

/**
 * In a cluster the keys of one node lie in many slots, which MGET refuses; a pipeline of GETs does not mind. Of a key
 * whose slot has moved since SCAN named it, the cluster is asked: the master that has it now may have been read before.
 */
const readByGet =
  (cluster: Cluster) =>
  async (node: Redis, keys: readonly string[]): Promise<Value[]> => {
    const pipeline = node.pipeline()
    for (const key of keys) pipeline.get(key)
    const results = await replies(pipeline)
    return Promise.all(
      results.map(([error, value], index) => {
        if (!error) return value as string | null
        const hasMoved = error.message.startsWith('MOVED') || error.message.startsWith('ASK')
        return hasMoved ? cluster.get(keys[index] ?? '').catch(wrongType) : wrongType(error)
      }),
    )
  }

function wrongType(error: Error): undefined {
  if (!error.message.startsWith('WRONGTYPE')) throw error
}

async function replies(pipeline: ChainableCommander): Promise<[Error | null, unknown][]> {
  const results = await pipeline.exec()
  if (!results) throw new Error('the pipeline was aborted')
  return results
}

async function readBatch(keys: readonly string[], values: Promise<readonly Value[]>): Promise<AffinityBatch> {
  try {
    return parseBatch(keys, await values)
  } catch (error) {
    throw toCacheError(error)
  }
}

function parseBatch(keys: readonly string[], values: readonly Value[]): AffinityBatch {
  const records: AffinityRecord[] = []
  const broken: BrokenAffinity[] = []
  keys.forEach((key, index) => {
    const value = values[index]
    if (value === null) return
    const parsed = value === undefined ? { broken: 'wrong Redis type' as const } : parseAffinity(key, value)
    if ('record' in parsed) records.push(parsed.record)
    else broken.push({ key, reason: parsed.broken })
  })
  return { records, broken }
}
