import { FOLLOWED_MS, type FollowUp } from '../affinities/follow-up/follow-up.js'
import { dryRunOf } from '../audit/audit-facts.js'
import type { AuditLog } from '../audit/audit-reader.js'
import { type AuditAction, actionAndActorOf, isSuccess } from '../audit/audit-store.js'
import type { Context } from '../context.js'
import { InvalidInputError, NotFoundError } from '../errors.js'
import type { ApiKeyRow } from '../gateway/rows.js'
import { openStream } from './streams.js'

/** Milliseconds, at least, between two answers of one stream. */
const PACE_MS = 1_000
/** The most API keys that one answer names. */
const MAX_KEYS = 1_000
const DEFAULT_KEYS = 20

const NOT_KEPT =
  'This instance keeps no follow-up of that event. It keeps one for an hour, of the clears of affinities that it ran itself while it saw changes; later clears of very many affinities may have needed its memory.'

type ClearEvent = Pick<AuditLog, 'id' | 'eventType' | 'eventMetadata' | 'createdAt'>

/** Returns the follow-up of a clear; null with a note if there should be one and this instance has none. */
export function followUpOf(event: ClearEvent, context: Context): FollowUp | null {
  const found = context.followUps.find(event.id)
  if (found) return found
  if (isOfAffinities(event) && event.createdAt.getTime() > context.now() * 1_000 - FOLLOWED_MS) {
    context.note('followUp', { auditEventId: event.id, message: NOT_KEPT })
  }
  return null
}

const ACTIONS: ReadonlySet<string> = new Set<AuditAction>([
  'cache_clear_user',
  'cache_clear_api_key',
  'cache_clear_single',
  'cache_clear_provider',
  'cache_clear_filtered',
  'cache_clear_all',
])

/** Returns true for a clear of affinities that was done. */
const isOfAffinities = (event: ClearEvent): boolean =>
  isSuccess(event) && !dryRunOf(event) && ACTIONS.has(actionAndActorOf(event).action)

/** Reads API keys whose affinities were not seen since the clear; one that has no row is left out. */
export async function notSeenApiKeys(
  followUp: FollowUp,
  first: number | null | undefined,
  context: Context,
): Promise<readonly ApiKeyRow[]> {
  const wanted = first ?? DEFAULT_KEYS
  if (wanted < 1 || wanted > MAX_KEYS) {
    throw new InvalidInputError(`first must be between 1 and ${MAX_KEYS}; it was ${wanted}.`, 'first')
  }
  const rows = await Promise.all(
    followUp.notSeenApiKeyIds(wanted).map((id) => context.loaders.apiKeys.byId.load(id)),
  )
  return rows.filter((row) => row !== null)
}

/**
 * Streams the follow-up of a clear: at once, and at each change, at most once a second, until an hour after the clear.
 * @throws NotFoundError if no follow-up is kept, also later; RateLimitedError; UnavailableError if changes are not seen
 */
export async function clearFollowUp(
  auditEventId: string,
  context: Context,
): Promise<AsyncIterableIterator<FollowUp>> {
  const found = context.followUps.find(auditEventId)
  if (!found) throw new NotFoundError(NOT_KEPT)
  return openStream<true, FollowUp>(
    context,
    (ticks) => {
      let isChanged = false
      let pause: NodeJS.Timeout | undefined
      const tell = () => {
        isChanged = pause !== undefined
        if (isChanged) return
        if (ticks.waiting === 0) ticks.push(true)
        pause = setTimeout(() => {
          pause = undefined
          if (isChanged) tell()
        }, PACE_MS)
      }
      const stopWatching = context.followUps.watch(auditEventId, {
        changed: tell,
        forgotten: () => ticks.fail(new NotFoundError(NOT_KEPT)),
      })
      const stopListening = context.onAffinityEvent(() => {}, ticks.fail)
      const over = setTimeout(() => ticks.end(), found.watchedUntil.getTime() - context.now() * 1_000)
      tell()
      return () => {
        clearTimeout(pause)
        clearTimeout(over)
        stopWatching?.()
        stopListening()
      }
    },
    async () => {
      context.refresh()
      return context.followUps.find(auditEventId)
    },
  )
}
