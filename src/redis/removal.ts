import { Cluster } from 'ioredis'
import { UnavailableError } from '../errors.js'
import { batchesOf } from '../util/batches.js'
import { encodeKey } from '../util/key-bytes.js'
import { mayHaveRun, toCacheError } from './cache-errors.js'
import type { RedisClient } from './client.js'

/** Keys of one UNLINK, which takes far less than a millisecond: the gateway's commands do not have to wait. */
export const UNLINK_BATCH = 500

/**
 * Removes keys, whatever their values, batch after batch.
 * @returns how many existed
 * @throws UnavailableError with the number of confirmed removals; OUTCOME_UNKNOWN if the last batch may have run
 */
export async function removeKeys(client: RedisClient, keys: readonly string[]): Promise<number> {
  // In a cluster the keys lie in many slots, so each key needs a command of its own.
  if (client instanceof Cluster) return (await removeEach(client, keys)).length
  let removed = 0
  for (const batch of batchesOf(keys, UNLINK_BATCH)) {
    try {
      removed += await client.unlink(...batch.map(encodeKey))
    } catch (error) {
      throw removalError(error, removed)
    }
  }
  return removed
}

/** Removes keys like `removeKeys`, with one command for each. @returns those that existed */
export async function removeEach(client: RedisClient, keys: readonly string[]): Promise<readonly string[]> {
  const removed: string[] = []
  for (const batch of batchesOf(keys, UNLINK_BATCH)) {
    const unlinked = batch.map(async (key) => ((await client.unlink(encodeKey(key))) === 1 ? [key] : []))
    const { values, error } = await settled(unlinked)
    removed.push(...values.flat())
    if (error !== undefined) throw removalError(error, removed.length)
  }
  return removed
}

/** Waits for several commands, and returns the results and the most serious failure. */
export async function settled<T>(replies: readonly Promise<T>[]): Promise<{ values: T[]; error?: unknown }> {
  const results = await Promise.allSettled(replies)
  const values = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  // If one command never got a reply, the outcome of all is unknown, whatever the other failures are.
  return reasons.length === 0 ? { values } : { values, error: reasons.find(mayHaveRun) ?? reasons[0] }
}

/** Converts the failure of a removal into the error that the caller gets, with the number of confirmed removals. */
export function removalError(error: unknown, confirmed: number): unknown {
  if (error instanceof UnavailableError) {
    // What is in doubt, or was left, is known best where it was met.
    const message = error.code === 'OUTCOME_UNKNOWN' ? error.message : sentenceOf(error.code)
    return new UnavailableError(error.code, message, {
      cause: error.cause,
      clearedCount: confirmed + error.clearedCount,
    })
  }
  const domainError = toCacheError(error)
  if (!(domainError instanceof UnavailableError)) return error
  const code = mayHaveRun(error) ? 'OUTCOME_UNKNOWN' : 'CACHE_UNAVAILABLE'
  return new UnavailableError(code, sentenceOf(code), { cause: error, clearedCount: confirmed })
}

function sentenceOf(code: UnavailableError['code']): string {
  if (code === 'OUTCOME_UNKNOWN')
    return 'A delete was sent and its reply never came: it may have happened. Repeating the clear is safe.'
  const store = code === 'DATABASE_UNAVAILABLE' ? 'database' : 'cache'
  return `The ${store} stopped answering, and the clear stopped with it. Repeating it is safe.`
}
