import { messageOf } from '../errors.js'
import { SILENT_MS } from './audit-facts.js'
import type { AuditStore, PendingIntent } from './audit-store.js'

/** Reports, at the start, actions of instances of this service that ended before their actions did. */
export interface PendingIntents {
  /** Searches for such actions. Call it before this instance begins its first action. Never rejects. */
  start(): Promise<void>
  stop(): void
}

export interface PendingIntentsDeps {
  readonly store: Pick<AuditStore, 'pending'>
  /** Returns true if the instance with this tag has certainly ended. */
  readonly hasEnded: (instance: string) => boolean
  readonly log: { error(facts: object, message: string): void }
}

/**
 * An intent without an outcome may belong to a running clear of another instance. If that instance can be checked, because
 * it ran on the same machine, its intents are reported at once. All others are checked again at intervals: those that had no
 * sign of life in one are reported. Only this process measures that time: machines' clocks may differ.
 */
export function createPendingIntents({ store, hasEnded, log }: PendingIntentsDeps): PendingIntents {
  let later: NodeJS.Timeout | undefined

  function report(ids: readonly string[]): void {
    if (ids.length === 0) return
    log.error(
      { auditEvents: ids.slice(0, 100), count: ids.length },
      'audit intents without an outcome: these actions may have been done in part',
    )
  }

  async function search(): Promise<void> {
    const ended: string[] = []
    const doubtful: PendingIntent[] = []
    for (const intent of await store.pending()) {
      if (intent.instance !== null && hasEnded(intent.instance)) ended.push(intent.id)
      else doubtful.push(intent)
    }
    report(ended)
    searchLater(doubtful)
  }

  function searchLater(doubtful: readonly PendingIntent[]): void {
    if (doubtful.length === 0) return
    later = setTimeout(() => void searchAgain(doubtful), SILENT_MS).unref()
  }

  async function searchAgain(doubtful: readonly PendingIntent[]): Promise<void> {
    const beats = new Map(doubtful.map(({ id, beat }) => [id, beat]))
    try {
      const pending = await store.pending([...beats.keys()])
      const isSilent = ({ id, beat }: PendingIntent) => beats.get(id) === beat
      report(pending.filter(isSilent).map(({ id }) => id))
      searchLater(pending.filter((intent) => !isSilent(intent)))
    } catch (error) {
      logFailure(error)
      searchLater(doubtful)
    }
  }

  // A gateway's audit_logs can be too long for a search in time. The service starts all the same.
  function logFailure(error: unknown): void {
    log.error({ reason: messageOf(error) }, 'audit intents without an outcome were not looked for')
  }

  return {
    start: () => search().catch(logFailure),
    stop: () => clearTimeout(later),
  }
}
