import { Cluster } from 'ioredis'
import { UnavailableError } from '../errors.js'
import { mayHaveRun, toCacheError } from './cache-errors.js'
import type { RedisClient } from './client.js'

/** Keys of one UNLINK: it stays far below a millisecond, so that the gateway's own commands are not kept waiting. */
export const UNLINK_BATCH = 500

/**
 * Removes keys, whatever they hold, batch after batch.
 * @returns how many were really there
 * @throws UnavailableError with the number confirmed gone until then; OUTCOME_UNKNOWN where the last batch may have run
 */
export async function removeKeys(client: RedisClient, keys: readonly string[]): Promise<number> {
  // In a cluster the keys lie in many slots; each command goes to its own node, all of a node down one connection.
  if (client instanceof Cluster) return (await removeEach(client, keys)).length
  let removed = 0
  for (const batch of batchesOf(keys, UNLINK_BATCH)) {
    try {
      removed += await client.unlink(...batch)
    } catch (error) {
      throw removalError(error, removed)
    }
  }
  return removed
}

/** As `removeKeys`, by a command for each key. @returns those that were really there */
export async function removeEach(client: RedisClient, keys: readonly string[]): Promise<readonly string[]> {
  const removed: string[] = []
  for (const batch of batchesOf(keys, UNLINK_BATCH)) {
    const unlinked = batch.map(async (key) => ((await client.unlink(key)) === 1 ? [key] : []))
    const { values, error } = await settled(unlinked)
    removed.push(...values.flat())
    if (error !== undefined) throw removalError(error, removed.length)
  }
  return removed
}

/** What came of several commands sent at once, and why some failed. */
export async function settled<T>(replies: readonly Promise<T>[]): Promise<{ values: T[]; error?: unknown }> {
  const results = await Promise.allSettled(replies)
  const values = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  // One refused, another never replied: then the outcome is not known.
  return reasons.length === 0 ? { values } : { values, error: reasons.find(mayHaveRun) ?? reasons[0] }
}

/** What a failed removal means to whoever asked for it. */
export function removalError(error: unknown, confirmed: number): unknown {
  if (error instanceof UnavailableError) {
    return new UnavailableError(error.code, sentenceOf(error.code), {
      cause: error.cause,
      clearedCount: confirmed + error.clearedCount,
    })
  }
  const domainError = toCacheError(error)
  if (!(domainError instanceof UnavailableError)) return error
  const code = mayHaveRun(error) ? 'OUTCOME_UNKNOWN' : 'CACHE_UNAVAILABLE'
  return new UnavailableError(code, sentenceOf(code), { cause: error, clearedCount: confirmed })
}

const sentenceOf = (code: UnavailableError['code']): string =>
  code === 'OUTCOME_UNKNOWN'
    ? 'A delete was sent and its reply never came: it may have happened. Repeating the clear is safe.'
    : 'The cache stopped answering, and the clear stopped with it. Repeating it is safe.'

/** Cuts a list into lists of `size` and one of the rest. */
export function* batchesOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}
