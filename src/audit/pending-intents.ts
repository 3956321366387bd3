import { messageOf } from '../errors.js'
import type { AuditStore } from './audit-store.js'

/** No clear runs so long, in milliseconds: a million affinities go in half a minute, and each command has its time-out. */
const LONGEST_CLEAR_MS = 600_000

/** Looks at a start for actions that began on an instance of this service which has ended since, and reports them. */
export interface PendingIntents {
  /** Never rejects. To be called before this instance begins an action of its own. */
  start(): Promise<void>
  stop(): void
}

export interface PendingIntentsDeps {
  readonly store: Pick<AuditStore, 'pending'>
  /** Whether the instance with this tag has certainly ended. */
  readonly hasEnded: (instance: string) => boolean
  readonly log: { error(facts: object, message: string): void }
}

/**
 * An intent without an outcome may be the running clear of another instance. Where that instance can be looked at, as one on
 * the same machine can, the report comes at once. All others are looked at again when no clear can still be running: what
 * has no outcome then is reported. That time is measured by this process alone: clocks of machines are not compared.
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

  async function look(): Promise<void> {
    const over: string[] = []
    const doubtful = new Set<string>()
    for (const { id, instance } of await store.pending()) {
      if (instance !== null && hasEnded(instance)) over.push(id)
      else doubtful.add(id)
    }
    report(over)
    if (doubtful.size > 0) {
      later = setTimeout(() => void lookAgain(doubtful).catch(notLooked), LONGEST_CLEAR_MS).unref()
    }
  }

  async function lookAgain(doubtful: ReadonlySet<string>): Promise<void> {
    const pending = await store.pending()
    report(pending.map(({ id }) => id).filter((id) => doubtful.has(id)))
  }

  // A gateway's audit_logs can be too long to be searched in time: no reason not to serve.
  function notLooked(error: unknown): void {
    const reason = messageOf(error)
    log.error({ reason }, 'audit intents without an outcome were not looked for')
  }

  return {
    start: () => look().catch(notLooked),
    stop: () => clearTimeout(later),
  }
}
