import { Cluster, type Redis } from 'ioredis'

/** A connected Redis: one server (plain, TLS or found by Sentinel), or a cluster. */
export type RedisClient = Redis | Cluster

/** Each server that owns keys. SCAN must walk every one of them: in a cluster `scan` would go to any node. */
export const masterNodes = (client: RedisClient): readonly Redis[] =>
  client instanceof Cluster ? client.nodes('master') : [client]
