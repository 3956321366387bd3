import { Cluster, type Redis } from 'ioredis'
import { batchesOf } from '../util/batches.js'
import { encodeKey } from '../util/key-bytes.js'
import type { RedisClient } from './client.js'
import { type Expiry, NO_KEY, readExpiries } from './expiries.js'
import { hasMoved, NO_REPLY, outcomes, replies } from './pipeline.js'

/** A stored value; null if the key is gone, undefined if it is not a string. */
export type StoredValue = string | null | undefined

/** A value with its TTL as Redis returns it: seconds, -1 for none, -2 if the key is gone. */
export interface StoredEntry {
  readonly value: StoredValue
  readonly ttl: number
}

/** A value, and when Redis removes it. */
export interface ExpiringValue {
  readonly value: StoredValue
  readonly expiry: Expiry
}

/**
 * Reads values, and when Redis removes them, of keys that a scan of one server found, in one round trip.
 * @throws what ioredis throws
 */
export const readExpiring = (
  client: RedisClient,
  node: Redis,
  keys: readonly string[],
): Promise<ExpiringValue[]> =>
  withExpiries(keys, readValues(client, node, keys), readExpiries(client, node, keys))

/**
 * Reads values, and when Redis removes them, of any keys, like `readValuesAnywhere`.
 * @throws what ioredis throws
 */
export const readExpiringAnywhere = (
  client: RedisClient,
  keys: readonly string[],
): Promise<ExpiringValue[]> =>
  withExpiries(keys, readValuesAnywhere(client, keys), readExpiries(client, client, keys))

async function withExpiries(
  keys: readonly string[],
  reading: Promise<readonly StoredValue[]>,
  readingExpiries: Promise<readonly Expiry[]>,
): Promise<ExpiringValue[]> {
  const [values, expiries] = await Promise.all([reading, readingExpiries])
  return keys.map((_, index) => {
    const expiry = expiries[index] ?? NO_KEY
    // A key that went between its two reads is gone.
    return { value: expiry === NO_KEY ? null : values[index], expiry }
  })
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
  return Promise.all(keys.map((key) => client.get(encodeKey(key)).catch(wrongType)))
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

/** Keys of one MGET, which takes some 70 µs: the gateway's commands do not have to wait. */
const MGET_KEYS = 100

/**
 * Reads with MGETs, which are written to the socket at once. They return nil both for a key of another type and for a missing
 * key, so TYPE is asked for these.
 */
async function readByMget(node: Redis, keys: readonly string[]): Promise<StoredValue[]> {
  const reads = node.pipeline()
  for (const some of batchesOf(keys, MGET_KEYS)) reads.mget(...some.map(encodeKey))
  const values = (await replies(reads)).flat() as StoredValue[]
  const missing = values.flatMap((value, index) => (value === null ? [index] : []))
  if (missing.length === 0) return values
  const pipeline = node.pipeline()
  for (const index of missing) pipeline.type(encodeKey(keys[index] ?? ''))
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
  for (const key of keys) pipeline.get(encodeKey(key))
  const results = await outcomes(pipeline)
  return Promise.all(
    keys.map((key, index) => {
      const [error, value] = results[index] ?? NO_REPLY
      if (!error) return value as string | null
      return hasMoved(error) ? cluster.get(encodeKey(key)).catch(wrongType) : wrongType(error)
    }),
  )
}

async function readTtls(client: RedisClient, node: Redis, keys: readonly string[]): Promise<number[]> {
  const pipeline = node.pipeline()
  for (const key of keys) pipeline.ttl(encodeKey(key))
  const results = await outcomes(pipeline)
  return Promise.all(
    keys.map((key, index) => {
      const [error, ttl] = results[index] ?? NO_REPLY
      if (!error) return Number(ttl)
      if (client instanceof Cluster && hasMoved(error)) return client.ttl(encodeKey(key))
      throw error
    }),
  )
}

function wrongType(error: Error): undefined {
  if (!error.message.startsWith('WRONGTYPE')) throw error
}
