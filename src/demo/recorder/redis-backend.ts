import type { Cluster, Redis } from 'ioredis'
import type { RecorderBackend } from './backend.js'

/** A recorder's commands over the gateway's own connection; nothing is connected, configured or closed here. */
export const createRedisBackend = (client: Redis | Cluster): RecorderBackend => ({
  async get(key) {
    try {
      return (await client.get(key)) ?? undefined
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return undefined
      throw error
    }
  },
  async set(key, value, ttlSeconds) {
    await client.set(key, value, 'EX', ttlSeconds)
  },
  // Not DEL: the memory of a value is given back outside the server's one thread.
  delete: async (key) => (await client.unlink(key)) > 0,
  async hashIncrement(key, field, by) {
    await client.hincrby(key, field, by)
  },
})
