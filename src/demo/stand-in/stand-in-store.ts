import type { Redis } from 'ioredis'
import type { MemoryKeyspace } from '../../redis/memory-keyspace.js'

/** What a gateway needs of Redis. */
export interface StandInStore {
  get(key: string): Promise<string | undefined>
  set(key: string, value: string, ttlSeconds: number): Promise<void>
  /** @returns how many existed */
  delete(keys: readonly string[]): Promise<number>
  keys(prefix: string): Promise<readonly string[]>
}

export const memoryStandInStore = (keyspace: MemoryKeyspace): StandInStore => ({
  get: async (key) => keyspace.get(key),
  set: async (key, value, ttlSeconds) => keyspace.set(key, value, ttlSeconds),
  delete: async (keys) => keys.filter((key) => keyspace.delete(key)).length,
  keys: async (prefix) => [...keyspace.keys(prefix)],
})

/** A gateway reads its keys with `KEYS`, as the original does. */
export const redisStandInStore = (redis: Redis): StandInStore => ({
  get: async (key) => (await redis.get(key)) ?? undefined,
  async set(key, value, ttlSeconds) {
    await redis.set(key, value, 'EX', Math.max(1, Math.ceil(ttlSeconds)))
  },
  delete: async (keys) => (keys.length === 0 ? 0 : redis.del(...keys)),
  keys: (prefix) => redis.keys(`${prefix}*`),
})
