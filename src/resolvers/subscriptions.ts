import { type AffinityEvent, eventUnderFilter } from '../affinities/affinity-events.js'
import type { AffinityRecord } from '../affinities/affinity-record.js'
import { isSelected } from '../affinities/affinity-selection.js'
import type { Context } from '../context.js'
import { InvalidInputError, OverloadedError } from '../errors.js'
import { type BoundedStream, createBoundedStream, transformed } from '../util/bounded-stream.js'
import type { MaybePromise } from '../util/promises.js'
import { type CacheStats, cacheStats } from './cache.js'
import { unusedCheck } from './figures.js'
import { ownersOf } from './filter-lists.js'
import { type AffinityFilter, filterSelection, presentFields } from './selections.js'
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

/** Milliseconds in which a reader that was too slow may take the reason before its connection is closed. */
const LAST_WORD_MS = 10_000
const tooSlow = () =>
  new OverloadedError(
    1,
    'Events came faster than they were taken, so that this stream has ended: read the list anew.',
  )

/**
 * Opens a stream. It ends when its client disconnects or reads too slowly, or when the service stops. It fails when its
 * viewer may not read any more or cannot be checked.
 * @param begin starts to push events, and returns a function that stops it
 */
async function openStream<T, U>(
  context: Context,
  begin: (stream: BoundedStream<T>) => () => void,
  transform: (item: T) => Promise<U | undefined>,
): Promise<AsyncIterableIterator<U>> {
  const viewer = await context.viewer()
  context.stopped.throwIfAborted()
  const registration = context.streams.open(viewer.key)
  let stop = () => {}
  const stream = createBoundedStream<T>((reason) => {
    endWatch()
    stop()
    registration.close()
    // A reader that takes the reason has ended the stream before.
    if (reason === 'slow') setTimeout(() => context.disconnect(), LAST_WORD_MS).unref()
  }, tooSlow)
  const endWatch = context.watchViewer(stream.fail)
  for (const signal of [registration.signal, context.stopped]) {
    signal.addEventListener('abort', () => stream.end(), { once: true })
  }
  try {
    stop = begin(stream)
  } catch (error) {
    stream.end()
    throw error
  }
  return transformed(stream, transform)
}
