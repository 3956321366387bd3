import { connectRedis, createRedis, type RedisClient } from '../../src/redis/client.js'
import type { RedisServer } from './servers/redis.js'
import type { RedisClusterServers } from './servers/redis-cluster.js'

/** Connected clients as the service makes them. */
export const connect = ({ url }: Pick<RedisServer, 'url'>): Promise<RedisClient> =>
  ready(createRedis({ kind: 'single', url }, { onError: () => {} }))

export const connectCluster = ({ nodes }: Pick<RedisClusterServers, 'nodes'>): Promise<RedisClient> =>
  ready(createRedis({ kind: 'cluster', nodes }, { onError: () => {} }))

async function ready(client: RedisClient): Promise<RedisClient> {
  await connectRedis(client, 10_000)
  return client
}
