import { type ChainableCommander, Cluster, type Redis } from 'ioredis'
import type { RedisClient } from './client.js'
import { keyArgument } from './key-text.js'

/** A stored value; null if the key is gone, undefined if it is not a string. */
export type StoredValue = string | null | undefined

/** A value with its TTL as Redis returns it: seconds, -1 for none, -2 if the key is gone. */
export interface StoredEntry {
  readonly value: StoredValue
  readonly ttl: number
}

/**
 * Reads the values of keys that a scan of one server found, in one round trip.
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
 * Reads the values of any keys: with one MGET, or in a cluster each key from its own node.
 * @throws what ioredis throws
 */
export async function readValuesAnywhere(
  client: RedisClient,
  keys: readonly string[],
): Promise<StoredValue[]> {
  if (keys.length === 0) return []
  if (!(client instanceof Cluster)) return readByMget(client, keys)
  return Promise.all(keys.map((key) => client.get(keyArgument(key)).catch(wrongType)))
}

/**
 * Reads values and TTLs of keys that a scan of one server found, in one round trip.
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

/** Reads with MGET. It returns nil both for a key of another type and for a missing key, so TYPE is asked for these. */
async function readByMget(node: Redis, keys: readonly string[]): Promise<StoredValue[]> {
  const values: StoredValue[] = await node.mget(...keys.map(keyArgument))
  const missing = values.flatMap((value, index) => (value === null ? [index] : []))
  if (missing.length === 0) return values
  const pipeline = node.pipeline()
  for (const index of missing) pipeline.type(keyArgument(keys[index] ?? ''))
  const types = await outcomes(pipeline)
  missing.forEach((index, position) => {
    const [error, type] = types[position] ?? NO_REPLY
    if (error) throw error
    values[index] = type === 'none' || type === 'string' ? null : undefined
  })
  return values
}

/** Reads with a pipeline of GETs, since MGET refuses keys of several slots in a cluster. */
async function readSlots(cluster: Cluster, node: Redis, keys: readonly string[]): Promise<StoredValue[]> {
  const pipeline = node.pipeline()
  for (const key of keys) pipeline.get(keyArgument(key))
  const results = await outcomes(pipeline)
  return Promise.all(
    keys.map((key, index) => {
      const [error, value] = results[index] ?? NO_REPLY
      if (!error) return value as string | null
      return hasMoved(error) ? cluster.get(keyArgument(key)).catch(wrongType) : wrongType(error)
    }),
  )
}

async function readTtls(client: RedisClient, node: Redis, keys: readonly string[]): Promise<number[]> {
  const pipeline = node.pipeline()
  for (const key of keys) pipeline.ttl(keyArgument(key))
  const results = await outcomes(pipeline)
  return Promise.all(
    keys.map((key, index) => {
      const [error, ttl] = results[index] ?? NO_REPLY
      if (!error) return Number(ttl)
      if (client instanceof Cluster && hasMoved(error)) return client.ttl(keyArgument(key))
      throw error
    }),
  )
}

type Outcome = readonly [Error | null, unknown]

const NO_REPLY: Outcome = [new Error('the pipeline gave no reply to a command'), undefined]

/** Recognises a slot that has moved since the scan. Its key is read again: the scan may have visited its new master before. */
const hasMoved = (error: Error): boolean => /^(MOVED|ASK)\b/.test(error.message)

function wrongType(error: Error): undefined {
  if (!error.message.startsWith('WRONGTYPE')) throw error
}

async function outcomes(pipeline: ChainableCommander): Promise<readonly Outcome[]> {
  const results = await pipeline.exec()
  if (!results) throw new Error('the pipeline was aborted')
  return results
}
