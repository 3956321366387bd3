import { Cluster } from 'ioredis'
import { UnavailableError } from '../errors.js'
import { mayHaveRun, toCacheError } from './cache-errors.js'
import type { RedisClient } from './redis-nodes.js'

/** Keys of one UNLINK: it stays far below a millisecond, so that the gateway's own commands are not kept waiting. */
const UNLINK_BATCH = 500

/**
 * Removes keys, whatever they hold, batch after batch.
 * @returns how many were really there
 * @throws UnavailableError with the number confirmed gone until then; OUTCOME_UNKNOWN where the last batch may have run
 */
export async function removeKeys(client: RedisClient, keys: readonly string[]): Promise<number> {
  const unlink = client instanceof Cluster ? unlinkEach(client) : (batch: string[]) => client.unlink(...batch)
  let removed = 0
  for (let start = 0; start < keys.length; start += UNLINK_BATCH) {
    try {
      removed += await unlink(keys.slice(start, start + UNLINK_BATCH))
    } catch (error) {
      throw removalError(error, removed)
    }
  }
  return removed
}

/** In a cluster the keys lie in many slots; each command goes to its own node, all of a node down one connection. */
const unlinkEach =
  (cluster: Cluster) =>
  async (batch: string[]): Promise<number> => {
    const results = await Promise.allSettled(batch.map((key) => cluster.unlink(key)))
    const removed = results.reduce(
      (sum, result) => sum + (result.status === 'fulfilled' ? result.value : 0),
      0,
    )
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    // One master refused, another never replied: then the outcome is not known.
    if (reasons.length > 0) throw removalError(reasons.find(mayHaveRun) ?? reasons[0], removed)
    return removed
  }

/** What a failed removal means to whoever asked for it. */
export function removalError(error: unknown, confirmed: number): unknown {
  if (error instanceof UnavailableError) {
    return new UnavailableError(error.code, messageOf(error.code), {
      cause: error.cause,
      clearedCount: confirmed + error.clearedCount,
    })
  }
  const domainError = toCacheError(error)
  if (!(domainError instanceof UnavailableError)) return error
  const code = mayHaveRun(error) ? 'OUTCOME_UNKNOWN' : 'CACHE_UNAVAILABLE'
  return new UnavailableError(code, messageOf(code), { cause: error, clearedCount: confirmed })
}

const messageOf = (code: UnavailableError['code']): string =>
  code === 'OUTCOME_UNKNOWN'
    ? 'A delete was sent and its reply never came: it may have happened. Repeating the clear is safe.'
    : 'The cache stopped answering, and the clear stopped with it. Repeating it is safe.'

/** Deletes a pin only while it is still at this endpoint: compared and deleted in one step inside Redis. */
const REMOVE_PINNED = `
local value = redis.pcall('GET', KEYS[1])
if type(value) ~= 'string' then return 0 end
local ok, record = pcall(cjson.decode, value)
if not ok or type(record) ~= 'table' or record.endpoint_id ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1])`

/**
 * @returns whether it was there, pinned to that endpoint, and is gone now
 * @throws UnavailableError as `removeKeys`
 */
export async function removePinned(client: RedisClient, key: string, endpointId: string): Promise<boolean> {
  try {
    return (await client.eval(REMOVE_PINNED, 1, key, endpointId)) === 1
  } catch (error) {
    throw removalError(error, 0)
  }
}
