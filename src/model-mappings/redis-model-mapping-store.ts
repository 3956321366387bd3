import { type ChainableCommander, Cluster, type Redis } from 'ioredis'
import { toCacheError } from '../redis/cache-errors.js'
import type { RedisClient } from '../redis/nodes.js'
import { removeEach } from '../redis/removal.js'
import { type NodeKeys, scanMasters } from '../redis/scan.js'
import {
  decodeModelCacheKey,
  MODEL_CACHE_PATTERN,
  type ModelCacheFamily,
  type ModelCacheKey,
} from './model-cache-key.js'
import {
  countFamilies,
  type ModelCacheEntry,
  type ModelMappingStore,
  wholeTtlSeconds,
} from './model-mapping-store.js'

/** A stored value; null where the key is gone, undefined where it is not a string. */
type Value = string | null | undefined

/** A value, with the TTL as Redis tells it: seconds, -1 for none, -2 where the key is gone. */
interface Stored {
  readonly value: Value
  readonly ttl: number
}

/** Model-mapping caches in one Redis, or in every master of a cluster. */
export function createRedisModelMappingStore(client: RedisClient): ModelMappingStore {
  const readStored = client instanceof Cluster ? readByGet(client) : readByMget

  async function* scan(isWanted: (family: ModelCacheFamily) => boolean): AsyncGenerator<NodeKeys> {
    yield* scanMasters(client, MODEL_CACHE_PATTERN, (name) => {
      const key = decodeModelCacheKey(name)
      return key !== undefined && isWanted(key.family)
    })
  }

  return {
    async *readEntries(families) {
      const wanted = new Set(families)
      try {
        for await (const { node, keys } of scan((family) => wanted.has(family))) {
          const stored = await readStored(node, keys)
          yield keys.flatMap((name, index) => entryOf(decodeModelCacheKey(name), stored[index]))
        }
      } catch (error) {
        throw toCacheError(error)
      }
    },
    async countByFamily() {
      const families: ModelCacheFamily[] = []
      try {
        for await (const { keys } of scan(() => true)) {
          for (const name of keys) {
            const key = decodeModelCacheKey(name)
            if (key) families.push(key.family)
          }
        }
      } catch (error) {
        throw toCacheError(error)
      }
      return countFamilies(families)
    },
    async *allKeys() {
      try {
        for await (const { keys } of scan(() => true)) yield keys
      } catch (error) {
        throw toCacheError(error)
      }
    },
    async existing(keys) {
      try {
        const there = await Promise.all(keys.map((key) => client.exists(key)))
        return keys.filter((_, index) => there[index] === 1)
      } catch (error) {
        throw toCacheError(error)
      }
    },
    remove: (keys) => removeEach(client, keys),
  }
}

/** Nothing for a key that vanished after SCAN had named it. */
function entryOf(key: ModelCacheKey | undefined, stored: Stored | undefined): ModelCacheEntry[] {
  if (!key || !stored || stored.value === null || stored.ttl === -2) return []
  const ttlSeconds = wholeTtlSeconds(stored.ttl < 0 ? Number.POSITIVE_INFINITY : stored.ttl)
  return [{ key, value: stored.value ?? null, ttlSeconds }]
}

/**
 * Values and TTLs in one round trip. MGET answers nil for a key of another type as for one that is gone; only those
 * few are asked again.
 */
async function readByMget(node: Redis, keys: readonly string[]): Promise<Stored[]> {
  const pipeline = node.pipeline().mget(...keys)
  for (const key of keys) pipeline.ttl(key)
  const [values, ...ttls] = await replies(pipeline)
  const stored = keys.map((_, index) => ({
    value: (values as readonly Value[])[index],
    ttl: Number(ttls[index]),
  }))

  const missing = keys.filter((_, index) => stored[index]?.value === null)
  if (missing.length === 0) return stored
  const typePipeline = node.pipeline()
  for (const key of missing) typePipeline.type(key)
  const types = await replies(typePipeline)
  const otherTypes = new Set(
    missing.filter((_, index) => types[index] !== 'none' && types[index] !== 'string'),
  )
  return stored.map((one, index) =>
    otherTypes.has(keys[index] ?? '') ? { value: undefined, ttl: one.ttl } : one,
  )
}

/**
 * In a cluster the keys of one node lie in many slots, which MGET refuses; a pipeline of GETs does not mind. Of a key
 * whose slot has moved since SCAN named it, the cluster is asked: the master that has it now may have been read before.
 */
const readByGet =
  (cluster: Cluster) =>
  async (node: Redis, keys: readonly string[]): Promise<Stored[]> => {
    const pipeline = node.pipeline()
    for (const key of keys) pipeline.get(key).ttl(key)
    const results = await outcomes(pipeline)
    return Promise.all(
      keys.map(async (key, index) => {
        const [valueError, value] = results[index * 2] ?? NO_REPLY
        const [ttlError, ttl] = results[index * 2 + 1] ?? NO_REPLY
        if (hasMoved(valueError) || hasMoved(ttlError)) {
          const [valueNow, ttlNow] = await Promise.all([cluster.get(key).catch(wrongType), cluster.ttl(key)])
          return { value: valueNow, ttl: ttlNow }
        }
        if (ttlError) throw ttlError
        return { value: valueError ? wrongType(valueError) : (value as string | null), ttl: Number(ttl) }
      }),
    )
  }

type Outcome = readonly [Error | null, unknown]

const NO_REPLY: Outcome = [new Error('the pipeline gave no reply to a command'), undefined]

const hasMoved = (error: Error | null): boolean => error !== null && /^(MOVED|ASK)\b/.test(error.message)

function wrongType(error: Error): undefined {
  if (!error.message.startsWith('WRONGTYPE')) throw error
}

async function outcomes(pipeline: ChainableCommander): Promise<readonly Outcome[]> {
  const results = await pipeline.exec()
  if (!results) throw new Error('the pipeline was aborted')
  return results
}

/** @throws the first error among the replies */
async function replies(pipeline: ChainableCommander): Promise<unknown[]> {
  return (await outcomes(pipeline)).map(([error, reply]) => {
    if (error) throw error
    return reply
  })
}
