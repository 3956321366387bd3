import { messageOf } from '../errors.js'
import { LONGEST_CLEAR_MS } from './audit-facts.js'
import type { AuditStore } from './audit-store.js'

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
 * it ran on the same machine, its intents are reported at once. All others are checked again when no clear can still be
 * running, and then those without an outcome are reported. Only this process measures that time: machines' clocks may differ.
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
    const doubtful = new Set<string>()
    for (const { id, instance } of await store.pending()) {
      if (instance !== null && hasEnded(instance)) ended.push(id)
      else doubtful.add(id)
    }
    report(ended)
    if (doubtful.size > 0) {
      later = setTimeout(() => void searchAgain(doubtful).catch(logFailure), LONGEST_CLEAR_MS).unref()
    }
  }

  async function searchAgain(doubtful: ReadonlySet<string>): Promise<void> {
    const pending = await store.pending()
    report(pending.map(({ id }) => id).filter((id) => doubtful.has(id)))
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
