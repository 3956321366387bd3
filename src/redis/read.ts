import { type ChainableCommander, Cluster, type Redis } from 'ioredis'
import type { RedisClient } from './client.js'

/** A stored value; null where the key is gone, undefined where it is not a string. */
export type StoredValue = string | null | undefined

/** A value with its TTL as Redis tells it: seconds, -1 for none, -2 where the key is gone. */
export interface StoredEntry {
  readonly value: StoredValue
  readonly ttl: number
}

/**
 * Reads the values of keys that one server named, in one round trip.
 * @throws what ioredis throws
 */
export async function readValues(
  client: RedisClient,
  node: Redis,
  keys: readonly string[],
): Promise<StoredValue[]> {
  return client instanceof Cluster ? readSlots(client, node, keys) : readByMget(node, keys)
}

/**
 * Reads the values of any keys: one MGET, or in a cluster each key from its own node.
 * @throws what ioredis throws
 */
export async function readValuesAnywhere(
  client: RedisClient,
  keys: readonly string[],
): Promise<StoredValue[]> {
  if (keys.length === 0) return []
  if (!(client instanceof Cluster)) return readByMget(client, keys)
  return Promise.all(keys.map((key) => client.get(key).catch(wrongType)))
}

/**
 * Reads values and TTLs of keys that one server named, in one round trip.
 * @throws what ioredis throws
 */
export async function readEntries(
  client: RedisClient,
  node: Redis,
  keys: readonly string[],
): Promise<StoredEntry[]> {
  const [values, seconds] = await Promise.all([readValues(client, node, keys), readTtls(client, node, keys)])
  return keys.map((_, index) => ({ value: values[index], ttl: seconds[index] ?? -2 }))
}

/** MGET answers nil for a key of another type as for one that is gone; only those few are asked again. */
async function readByMget(node: Redis, keys: readonly string[]): Promise<StoredValue[]> {
  const values: StoredValue[] = await node.mget(...keys)
  const missing = values.flatMap((value, index) => (value === null ? [index] : []))
  if (missing.length === 0) return values
  const pipeline = node.pipeline()
  for (const index of missing) pipeline.type(keys[index] ?? '')
  const types = await outcomes(pipeline)
  missing.forEach((index, position) => {
    const [error, type] = types[position] ?? NO_REPLY
    if (error) throw error
    values[index] = type === 'none' || type === 'string' ? null : undefined
  })
  return values
}

/** In a cluster the keys of one node lie in many slots, which MGET refuses; a pipeline of GETs does not mind. */
async function readSlots(cluster: Cluster, node: Redis, keys: readonly string[]): Promise<StoredValue[]> {
  const pipeline = node.pipeline()
  for (const key of keys) pipeline.get(key)
  const results = await outcomes(pipeline)
  return Promise.all(
    keys.map((key, index) => {
      const [error, value] = results[index] ?? NO_REPLY
      if (!error) return value as string | null
      return hasMoved(error) ? cluster.get(key).catch(wrongType) : wrongType(error)
    }),
  )
}

async function readTtls(client: RedisClient, node: Redis, keys: readonly string[]): Promise<number[]> {
  const pipeline = node.pipeline()
  for (const key of keys) pipeline.ttl(key)
  const results = await outcomes(pipeline)
  return Promise.all(
    keys.map((key, index) => {
      const [error, ttl] = results[index] ?? NO_REPLY
      if (!error) return Number(ttl)
      if (client instanceof Cluster && hasMoved(error)) return client.ttl(key)
      throw error
    }),
  )
}

type Outcome = readonly [Error | null, unknown]

const NO_REPLY: Outcome = [new Error('the pipeline gave no reply to a command'), undefined]

/** The slot has moved since SCAN named the key: the cluster is asked, for its new master may have been read before. */
const hasMoved = (error: Error): boolean => /^(MOVED|ASK)\b/.test(error.message)

function wrongType(error: Error): undefined {
  if (!error.message.startsWith('WRONGTYPE')) throw error
}

async function outcomes(pipeline: ChainableCommander): Promise<readonly Outcome[]> {
  const results = await pipeline.exec()
  if (!results) throw new Error('the pipeline was aborted')
  return results
}
