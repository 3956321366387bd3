import { UnavailableError } from '../errors.js'
import { remembered, withinGrace } from '../util/promises.js'
import { sumOf } from './add-sums.js'
import { netSavedUsd } from './cache-usage.js'
import { switchCostsOf, switchesOf } from './switch-costs.js'
import type { UsageChains } from './usage-chains.js'
import type { UsageRows } from './usage-rows.js'

/** What the caches earned in the last 24 hours. */
export interface SavedLately {
  readonly netSavedUsd: number | null
  readonly unpricedRequests: number
}

/**
 * Figures of the last 24 hours. Each is read at most once in 5 minutes, and undefined while it cannot be read. Only an outage
 * of the database is not remembered for so long: a statement that is too much for it is not repeated at each scrape.
 */
export interface UsageLately {
  saved(): Promise<SavedLately | undefined>
  /** What switches cost in US dollars; null where no two requests can be compared, and where no switch's cost is known. */
  lostUsd(): Promise<number | null | undefined>
}

const HOURS = 24
const EVERY_MS = 5 * 60_000
/** A scrape gives up after 10 s, and the hours that were read by then are kept. */
const AT_MOST_MS = 8_000

/** @param now in Unix milliseconds */
export function createUsageLately(
  {
    usage,
    chains,
  }: { readonly usage: Pick<UsageRows, 'cacheSums'>; readonly chains: Pick<UsageChains, 'switchSums'> },
  now: () => number,
): UsageLately {
  const question = () => {
    const until = new Date(now())
    return {
      since: new Date(until.getTime() - HOURS * 3_600_000),
      until,
      by: 'TOTAL',
      filter: {},
      now: until,
    } as const
  }

  const saved = remembered(async () => {
    const found = await unlessAway(usage.cacheSums(question(), AbortSignal.timeout(AT_MOST_MS)))
    const sums = sumOf(found ?? [])
    return found ? { netSavedUsd: netSavedUsd(sums), unpricedRequests: sums.unpricedRequests } : undefined
  }, EVERY_MS)

  const lost = remembered(async () => {
    // One after the other, so that there is room for those who ask.
    await saved().catch(() => {})
    // What was cleared tells why requests were switched, not what it cost.
    const query = { ...question(), side: 'SECOND', cleared: [] } as const
    const found = await unlessAway(chains.switchSums(query, new AbortController().signal))
    if (!found) return undefined
    const { total } = switchCostsOf(found.groups, query, 1)
    const { switches, costUsd } = switchesOf(total)
    return total.pairs > 0 && switches === 0 ? 0 : costUsd
  }, EVERY_MS)

  return {
    saved: () => saved().catch(() => undefined),
    // What is under way goes on: the next scrape has its answer.
    lostUsd: () =>
      withinGrace(
        lost().catch(() => undefined),
        AT_MOST_MS,
      ),
  }
}

/** What is read; undefined if it cannot be read. @throws UnavailableError while the database is away */
async function unlessAway<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read
  } catch (error) {
    if (error instanceof UnavailableError) throw error
    return undefined
  }
}
