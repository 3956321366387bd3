import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { decodePoolSessionKey, type PoolSession } from './pool-session.js'
import type { PoolSessionStore } from './pool-session-store.js'

/** Stores the sessions of pools in this process's memory: the default without Redis. */
export const createMemoryPoolSessionStore = (keyspace: MemoryKeyspace): PoolSessionStore => ({
  get scannedKeys() {
    return [...keyspace.keys()].length
  },
  async *readAll() {
    yield [...keyspace.keys('ap:')].flatMap((key): PoolSession[] => {
      const decoded = decodePoolSessionKey(key, '')
      const [value, ttl] = [keyspace.get(key), keyspace.ttlSeconds(key)]
      if (!decoded || value === undefined || ttl === undefined) return []
      const ttlSeconds = Number.isFinite(ttl) ? Math.floor(ttl) : null
      return [{ key, ...decoded, providerKeyId: value, ttlSeconds }]
    })
  },
  remove: async (sessions) =>
    sessions.filter(({ key, providerKeyId }) => keyspace.get(key) === providerKeyId && keyspace.delete(key))
      .length,
})
