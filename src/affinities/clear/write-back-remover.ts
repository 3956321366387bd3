import { toCacheError } from '../../redis/cache-errors.js'
import type { RedisClient } from '../../redis/client.js'
import type { MemoryKeyspace } from '../../redis/memory-keyspace.js'
import type { KeyFamilies } from '../key-families.js'

/** Removes what a gateway has written back from its memory. */
export interface WriteBackRemover {
  /**
   * Removes an affinity only where it was created at `createdAt`, in Unix seconds, or before; in one step, so that a new
   * pin made in between lives.
   * @returns whether it was there and is gone
   * @throws UnavailableError (CACHE_UNAVAILABLE)
   */
  removeNotNewer(key: string, createdAt: number): Promise<boolean>
}

const REMOVE_NOT_NEWER = `
local value = redis.pcall('GET', KEYS[1])
if type(value) ~= 'string' then return 0 end
local ok, record = pcall(cjson.decode, value)
if not ok or type(record) ~= 'table' or type(record[ARGV[2]]) ~= 'number' then return 0 end
if record[ARGV[2]] > tonumber(ARGV[1]) then return 0 end
return redis.call('UNLINK', KEYS[1])`

export const createRedisWriteBackRemover = (
  client: RedisClient,
  families: KeyFamilies,
): WriteBackRemover => ({
  async removeNotNewer(key, createdAt) {
    const field = families.of(key)?.createdAtField
    if (field === undefined) return false
    try {
      return (await client.eval(REMOVE_NOT_NEWER, 1, key, String(createdAt), field)) === 1
    } catch (error) {
      throw toCacheError(error)
    }
  },
})

export const createMemoryWriteBackRemover = (
  keyspace: MemoryKeyspace,
  families: KeyFamilies,
): WriteBackRemover => ({
  async removeNotNewer(key, createdAt) {
    const parsed = families.parse(key, keyspace.get(key) ?? '')
    return 'record' in parsed && parsed.record.createdAt <= createdAt && keyspace.delete(key)
  },
})
