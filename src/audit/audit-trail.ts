import { UnavailableError } from '../errors.js'
import type { AuditSpool } from './audit-spool.js'
import {
  type AuditEventRow,
  type AuditIntent,
  type AuditOutcome,
  type AuditStore,
  completed,
} from './audit-store.js'

/** How often what is spooled is tried again, in milliseconds. */
const FLUSH_EVERY_MS = 5_000

export interface AuditTrail {
  /** @throws UnavailableError (DATABASE_UNAVAILABLE), whatever kept the row from being written: then nothing may be done */
  begin(intent: AuditIntent): Promise<AuditEventRow>
  /** Never fails: an outcome that the database cannot take goes to the spool or, failing that too, to the log. */
  complete(event: AuditEventRow, outcome: AuditOutcome): Promise<CompletedEvent>
  /** Writes what is spooled, now and from now on, and reports what an earlier run left open. Never fails. */
  start(): Promise<void>
  stop(): void
}

export interface CompletedEvent {
  readonly event: AuditEventRow
  /** Where the outcome is: in its row, on this machine's disk until the database takes it, or in the log alone. */
  readonly keptIn: 'row' | 'spool' | 'log'
}

export interface AuditTrailDeps {
  readonly store: AuditStore
  readonly spool: AuditSpool
  readonly log: {
    error(facts: object, message: string): void
    info(facts: object, message: string): void
  }
  /** Unix milliseconds. */
  readonly now: () => number
}

/** Intent, act, outcome: the order that leaves no clear without a trace, whatever fails between. */
export function createAuditTrail({ store, spool, log, now }: AuditTrailDeps): AuditTrail {
  const startedAt = new Date(now())
  let timer: NodeJS.Timeout | undefined
  let flushing: Promise<void> | undefined

  const flush = async () => {
    try {
      const { written, failed } = await spool.flush(store)
      if (written > 0) log.info({ written }, 'audit outcomes written from the spool')
      for (const { name, error } of failed) {
        log.error({ file: name, reason: messageOf(error) }, 'audit outcome stays in the spool')
      }
    } catch (error) {
      log.error({ reason: messageOf(error) }, 'audit outcomes stay in the spool')
    }
  }

  // A database that hangs must not pile one attempt upon the other.
  const flushOnce = () => {
    flushing ??= flush().finally(() => {
      flushing = undefined
    })
    return flushing
  }

  async function reportPending(): Promise<void> {
    const pending = await store.pending(startedAt)
    if (pending.length === 0) return
    log.error(
      { auditEvents: pending.slice(0, 100), count: pending.length },
      'audit intents without an outcome: these actions may have been done in part',
    )
  }

  return {
    async begin(intent) {
      try {
        return await store.begin(intent)
      } catch (error) {
        log.error({ action: intent.action, reason: messageOf(error) }, 'audit intent cannot be written')
        throw new UnavailableError('DATABASE_UNAVAILABLE', NO_INTENT, { cause: error })
      }
    },
    async complete(event, outcome) {
      const done = completed(event, outcome)
      try {
        await store.complete(event, outcome)
        return { event: done, keptIn: 'row' }
      } catch (error) {
        log.error({ auditEvent: event.id, reason: messageOf(error) }, 'audit outcome goes to the spool')
      }
      try {
        await spool.keep(event, outcome)
        return { event: done, keptIn: 'spool' }
      } catch (error) {
        log.error(
          { auditEvent: event.id, outcome, reason: messageOf(error) },
          'audit outcome is in this line alone',
        )
        return { event: done, keptIn: 'log' }
      }
    },
    async start() {
      await flushOnce()
      // A gateway's audit_logs can be too long to be searched in time: no reason not to serve.
      await reportPending().catch((error: unknown) =>
        log.error({ reason: messageOf(error) }, 'audit intents without an outcome were not looked for'),
      )
      timer = setInterval(() => void flushOnce(), FLUSH_EVERY_MS)
      timer.unref()
    },
    stop() {
      clearInterval(timer)
    },
  }
}

const NO_INTENT = 'The audit event cannot be written to the database, so nothing was done. Try again shortly.'

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
