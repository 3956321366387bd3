import { type AffinityEvent, eventUnderFilter } from '../affinities/affinity-events.js'
import type { AffinityRecord } from '../affinities/affinity-record.js'
import { isSelected } from '../affinities/affinity-selection.js'
import type { Context } from '../context.js'
import { InvalidInputError } from '../errors.js'
import type { MaybePromise } from '../util/promises.js'
import { type CacheStats, cacheStats } from './cache.js'
import { unusedCheck } from './figures.js'
import { ownersOf } from './filter-lists.js'
import { type AffinityFilter, filterSelection, presentFields } from './selections.js'
import { openStream } from './streams.js'
import { STALE_ROWS, verdictCheck, verdictOn } from './usability.js'

const DEFAULT_INTERVAL_SECONDS = 5
const MAX_INTERVAL_SECONDS = 60

/**
 * Streams the changes to the affinities for which the filter held before the change or holds after it. A client that reads too slowly is disconnected.
 * @throws RateLimitedError if too many subscriptions are open; UnavailableError, also later, if changes are not seen
 */
export async function affinityEvents(
  filter: AffinityFilter | null | undefined,
  context: Context,
): Promise<AsyncIterableIterator<AffinityEvent>> {
  const { stale, usability, staleReasons, userId, userIds, unusedForSeconds, ...exact } =
    presentFields(filter)
  const check = verdictCheck({ stale, usability, staleReasons })
  const isUnused = unusedCheck({ unusedForSeconds }, context)
  const selection = await filterSelection(exact, context)
  const owners = ownersOf({ userId, userIds })
  const isOwned = owners === undefined ? () => true : await keysOfUsers(owners, context)
  async function passes(record: AffinityRecord): Promise<boolean> {
    if (isUnused) {
      await context.pay(1)
      if (!(await isUnused(record))) return false
    }
    if (!check) return true
    await context.pay(STALE_ROWS)
    return check(await context.turns.run(async () => verdictOn(record, context)))
  }
  return openStream<AffinityEvent, AffinityEvent>(
    context,
    (events) =>
      context.onAffinityEvent((event) => {
        const { record, previous } = event
        if (!isSelected(record, selection) && !(previous && isSelected(previous, selection))) return
        const owned = isOwned(record.affinityKey)
        if (owned === true) events.push(event)
        // Events of other users do not fill the queue while the database is asked whose they are.
        else if (owned) owned.then((isOwn) => isOwn && events.push(event), events.fail)
      }, events.fail),
    async (event) => {
      context.refresh()
      const { record, previous } = event
      const holds = isSelected(record, selection) && (await passes(record))
      const held = previous !== undefined && isSelected(previous, selection) && (await passes(previous))
      return eventUnderFilter(event, held, holds)
    },
  )
}

/**
 * Creates a function that says whether an API key belongs to one of the users. It answers without a promise if the owner is
 * known. An unknown key is read from the database at its first use, and the viewer pays for it.
 */
async function keysOfUsers(
  userIds: ReadonlySet<string>,
  context: Context,
): Promise<(apiKeyId: string) => MaybePromise<boolean>> {
  const keys = await Promise.all([...userIds].map((id) => context.loaders.apiKeys.byUser.load(id)))
  const own = new Set(keys.flatMap((ofUser) => ofUser ?? []).map(({ id }) => id))
  const isAmong = (id: string | null) => id !== null && userIds.has(id)
  return (apiKeyId) => {
    if (own.has(apiKeyId)) return true
    const owner = context.apiKeyOwners.ownerOf(apiKeyId)
    if (!(owner instanceof Promise)) return isAmong(owner)
    return Promise.all([owner, context.pay(1)]).then(([id]) => isAmong(id))
  }
}

/**
 * Streams the statistics: at once, and again after each interval.
 * @throws InvalidInputError if the interval is outside 1..60 seconds; RateLimitedError
 */
export async function cacheStatsStream(
  intervalSeconds: number | null | undefined,
  context: Context,
): Promise<AsyncIterableIterator<CacheStats>> {
  const seconds = intervalSeconds ?? DEFAULT_INTERVAL_SECONDS
  if (seconds < 1 || seconds > MAX_INTERVAL_SECONDS) {
    throw new InvalidInputError(
      `intervalSeconds must be between 1 and ${MAX_INTERVAL_SECONDS}; it was ${seconds}.`,
      'intervalSeconds',
    )
  }
  return openStream<true, CacheStats>(
    context,
    (ticks) => {
      ticks.push(true)
      const timer = setInterval(() => {
        if (ticks.waiting === 0) ticks.push(true)
      }, seconds * 1_000)
      return () => clearInterval(timer)
    },
    async () => {
      context.refresh()
      return cacheStats(context)
    },
  )
}
