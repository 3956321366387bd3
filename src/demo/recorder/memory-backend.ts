import type { MemoryKeyspace } from '../../redis/memory-keyspace.js'
import type { RecorderBackend } from './backend.js'

/** A recorder's commands over this process's own memory: for tests, and for the embedded demo. */
export const createMemoryBackend = (keyspace: MemoryKeyspace): RecorderBackend => ({
  get: async (key) => keyspace.get(key),
  set: async (key, value, ttlSeconds) => keyspace.set(key, value, ttlSeconds),
  delete: async (key) => keyspace.delete(key),
  hashIncrement: async (key, field, by) => keyspace.increment(key, field, by),
})
