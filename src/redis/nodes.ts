import { Cluster, type Redis } from 'ioredis'

/** A connected Redis: one server (plain, TLS or found by Sentinel), or a cluster. */
export type RedisClient = Redis | Cluster

/** Returns each server that owns keys. SCAN must visit all of them: in a cluster, `client.scan` goes to any one node. */
export const masterNodes = (client: RedisClient): readonly Redis[] =>
  client instanceof Cluster ? client.nodes('master') : [client]
