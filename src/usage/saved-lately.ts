import { remembered } from '../util/promises.js'
import { sumOf } from './add-sums.js'
import { netSavedUsd } from './cache-usage.js'
import type { UsageRows } from './usage-rows.js'

/** What the caches earned in the last 24 hours. */
export interface SavedLately {
  readonly netSavedUsd: number | null
  readonly unpricedRequests: number
}

const HOURS = 24
const EVERY_MS = 5 * 60_000
/** A scrape gives up after 10 s, and the hours that were read by then are kept. */
const AT_MOST_MS = 8_000

/**
 * Reads it at most once in 5 minutes.
 * @param now in Unix milliseconds
 * @returns undefined while it cannot be read
 */
export function createSavedLately(
  usage: Pick<UsageRows, 'cacheSums'>,
  now: () => number,
): () => Promise<SavedLately | undefined> {
  const read = async (): Promise<SavedLately | undefined> => {
    const until = new Date(now())
    const since = new Date(until.getTime() - HOURS * 3_600_000)
    const query = { since, until, by: 'TOTAL', filter: {}, now: until } as const
    const found = await usage.cacheSums(query, AbortSignal.timeout(AT_MOST_MS)).catch(() => undefined)
    const sums = sumOf(found ?? [])
    return found ? { netSavedUsd: netSavedUsd(sums), unpricedRequests: sums.unpricedRequests } : undefined
  }
  return remembered(read, EVERY_MS)
}
