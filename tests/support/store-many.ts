import { type ChainableCommander, Cluster, Command, type Redis } from 'ioredis'
import { replies } from '../../src/redis/pipeline.js'
import { batchesOf } from '../../src/util/batches.js'

const AT_ONCE = 1_000

/**
 * Stores texts, a thousand in one write to each server. Sent by itself, each would be a write of its own, which takes longer
 * than all that Redis does with it.
 */
export async function storeMany(
  client: Redis | Cluster,
  entries: readonly (readonly [key: string, value: string])[],
  ttlSeconds?: number,
): Promise<void> {
  for (const some of batchesOf(entries, AT_ONCE)) {
    const pipelines = new Map<string, ChainableCommander>()
    for (const [key, value] of some) {
      const node = nodeOf(client, key)
      const pipeline = pipelines.get(node) ?? client.pipeline()
      pipelines.set(node, pipeline)
      if (ttlSeconds === undefined) pipeline.set(key, value)
      else pipeline.set(key, value, 'EX', ttlSeconds)
    }
    await Promise.all([...pipelines.values()].map(replies))
  }
}

/** The master of this key; a pipeline takes only keys of one. */
function nodeOf(client: Redis | Cluster, key: string): string {
  if (!(client instanceof Cluster)) return ''
  return client.slots[new Command('get', [key]).getSlot()]?.[0] ?? ''
}
