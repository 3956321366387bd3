import type { Redis } from 'ioredis'
import { isRefusal, toCacheError } from './cache-errors.js'
import { masterNodes, type RedisClient } from './client.js'

/**
 * Returns the number of keys of all kinds in the database, on all masters; undefined if our user may not read it.
 * @throws UnavailableError
 */
export async function countKeys(client: RedisClient): Promise<number | undefined> {
  try {
    const counts = await Promise.all(masterNodes(client).map(countAt))
    return counts.reduce((sum, count) => sum + count, 0)
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw toCacheError(error)
  }
}

async function countAt(node: Redis): Promise<number> {
  const keyspace = await node.info('keyspace')
  // An empty database has no line.
  return Number(new RegExp(`^db${node.options.db ?? 0}:keys=(\\d+)`, 'm').exec(keyspace)?.[1] ?? 0)
}
