import { type AffinityEvent, eventUnderFilter } from '../affinities/affinity-events.js'
import { checkOf } from '../affinities/affinity-selection.js'
import type { Context } from '../context.js'
import { InvalidInputError } from '../errors.js'
import type { BoundedStream } from '../util/bounded-stream.js'
import type { MaybePromise } from '../util/promises.js'
import { type CacheStats, cacheStats } from './cache.js'
import { ownersOf } from './filter-lists.js'
import {
  movingCheck,
  movingPart,
  movingSelection,
  nameOf,
  type Tellable,
  ToldRecords,
} from './moving-filters.js'
import { type AffinityFilter, both, filterSelection, presentFields } from './selections.js'
import { openStream } from './streams.js'

const DEFAULT_INTERVAL_SECONDS = 5
const MAX_INTERVAL_SECONDS = 60

/**
 * Streams the changes to the affinities for which the filter held before the change or holds after it, and those that cross
 * it by time or by a row of the database. A client that reads too slowly is disconnected.
 * @throws RateLimitedError if too many subscriptions are open; UnavailableError, also later, if changes are not seen
 */
export async function affinityEvents(
  filter: AffinityFilter | null | undefined,
  context: Context,
): Promise<AsyncIterableIterator<AffinityEvent>> {
  const { fixed, moving } = movingPart(presentFields(filter))
  const holds = moving && movingCheck(moving, context)
  const { userId, userIds, ...exact } = fixed
  const selection = await filterSelection(exact, context)
  const owners = ownersOf({ userId, userIds })
  const keys = owners && (await keysOfUsers(owners, context))
  const holdsFor = checkOf(selection)
  const isTouched = ({ record, previous }: AffinityEvent) =>
    holdsFor(record) || (previous !== undefined && holdsFor(previous))

  /** Events of other users do not fill the queue while the database is asked whose they are. */
  function pushOwned<T>(items: BoundedStream<T>, { record }: AffinityEvent, item: T): void {
    const owned = keys ? keys.isOwned(record.affinityKey) : true
    if (owned === true) items.push(item)
    else if (owned) owned.then((isOwn) => isOwn && items.push(item), items.fail)
  }

  if (!moving || !holds) {
    return openStream<AffinityEvent, AffinityEvent>(
      context,
      (events) =>
        context.onAffinityEvent((event) => {
          if (isTouched(event)) pushOwned(events, event, event)
        }, events.fail),
      (event) => {
        context.refresh()
        const { record, previous } = event
        return eventUnderFilter(event, previous !== undefined && holdsFor(previous), holdsFor(record))
      },
    )
  }

  const told = new ToldRecords(async (record) => holdsFor(record) && holds(record))
  const select = movingSelection(context, moving, () =>
    keys ? both({ all: { affinityKey: new Set(keys.known) } }, selection) : selection,
  )
  const listen = await context.crossings.open(nameOf(fixed, moving), select)
  return openStream<Tellable, AffinityEvent>(
    context,
    (items) =>
      listen({
        changed(event, before, after) {
          if (isTouched(event)) pushOwned(items, event, { event, before, after })
        },
        crossed(event, holds) {
          items.push({ event, before: !holds, after: holds, holds, seenAt: performance.now() })
        },
        looked(...look) {
          for (const item of told.corrections(...look)) items.push(item)
        },
        lost: items.fail,
      }),
    async (item) => {
      context.refresh(item.seenAt)
      return told.next(item)
    },
  )
}

interface KeysOfUsers {
  /** The API keys that are known to belong to the users. */
  readonly known: ReadonlySet<string>
  /**
   * Says whether an API key belongs to one of the users, without a promise if the owner is known. An unknown key is read from
   * the database at its first use, and the viewer pays for it.
   */
  isOwned(apiKeyId: string): MaybePromise<boolean>
}

async function keysOfUsers(userIds: ReadonlySet<string>, context: Context): Promise<KeysOfUsers> {
  const keys = await Promise.all([...userIds].map((id) => context.loaders.apiKeys.byUser.load(id)))
  const known = new Set(keys.flatMap((ofUser) => ofUser ?? []).map(({ id }) => id))
  const isAmong = (apiKeyId: string, owner: string | null) => {
    const isOwn = owner !== null && userIds.has(owner)
    if (isOwn) known.add(apiKeyId)
    return isOwn
  }
  return {
    known,
    isOwned(apiKeyId) {
      if (known.has(apiKeyId)) return true
      const owner = context.apiKeyOwners.ownerOf(apiKeyId)
      if (!(owner instanceof Promise)) return isAmong(apiKeyId, owner)
      return Promise.all([owner, context.pay(1)]).then(([id]) => isAmong(apiKeyId, id))
    },
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
