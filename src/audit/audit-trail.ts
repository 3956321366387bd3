import { messageOf, UnavailableError } from '../errors.js'
import { createChangeFilter } from '../log/change-filter.js'
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
  /** Actions that have begun and are not completed. */
  readonly running: number
  /** What is on this machine's disk. */
  readonly spooled: SpooledOutcomes
  /** Waits until no action runs. @returns false where that took longer than so many milliseconds */
  settled(withinMs: number): Promise<boolean>
  /** Writes what is spooled, now and from now on. Never fails. */
  start(): Promise<void>
  /** Writes what is spooled a last time, and ends. Never fails. */
  stop(): Promise<void>
}

export interface SpooledOutcomes {
  /** Outcomes that the database has not taken yet. */
  readonly waiting: number
  /** Files that cannot be read, or that the database refuses: somebody has to look at them. */
  readonly failed: number
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
}

/** Intent, act, outcome: the order that leaves no clear without a trace, whatever fails between. */
export function createAuditTrail({ store, spool, log }: AuditTrailDeps): AuditTrail {
  const troubles = createChangeFilter()
  /** Ids of events, and a symbol while there is none yet. */
  const running = new Set<string | symbol>()
  const idle = new Set<() => void>()
  let failing = new Set<string>()
  let waiting = 0
  let timer: NodeJS.Timeout | undefined
  let flushing: Promise<void> | undefined

  const ended = (action: string | symbol) => {
    running.delete(action)
    if (running.size === 0) for (const tell of idle) tell()
  }

  // The log tells what changed, not each attempt: a file that cannot be read stays until somebody looks at it.
  async function flush(): Promise<void> {
    const { written, failed, unavailable, ...left } = await spool.flush(store)
    waiting = left.waiting
    if (written > 0) log.info({ written }, 'audit outcomes written from the spool')
    for (const { name, error } of failed) {
      if (troubles.isNew(name, error))
        log.error({ file: name, reason: messageOf(error) }, 'audit outcome stays in the spool')
    }
    const names = failed.map(({ name }) => name)
    if (unavailable) {
      // Files behind the one that met the outage were not looked at.
      failing = new Set([...failing, ...names])
      if (troubles.isNew('the database', unavailable))
        log.error({ reason: messageOf(unavailable) }, 'audit outcomes stay in the spool')
      return
    }
    troubles.ended('the database')
    for (const name of failing) if (!names.includes(name)) troubles.ended(name)
    failing = new Set(names)
  }

  // A database that hangs must not pile one attempt upon the other.
  const flushOnce = () => {
    flushing ??= flush().finally(() => {
      flushing = undefined
    })
    return flushing
  }

  async function keepOutcome(event: AuditEventRow, outcome: AuditOutcome): Promise<CompletedEvent['keptIn']> {
    try {
      await store.complete(event, outcome)
      return 'row'
    } catch (error) {
      log.error({ auditEvent: event.id, reason: messageOf(error) }, 'audit outcome goes to the spool')
    }
    try {
      await spool.keep(event, outcome)
      waiting += 1
      return 'spool'
    } catch (error) {
      log.error(
        { auditEvent: event.id, outcome, reason: messageOf(error) },
        'audit outcome is in this line alone',
      )
      return 'log'
    }
  }

  return {
    async begin(intent) {
      const beginning = Symbol(intent.action)
      running.add(beginning)
      try {
        const event = await store.begin(intent)
        running.add(event.id)
        return event
      } catch (error) {
        log.error({ action: intent.action, reason: messageOf(error) }, 'audit intent cannot be written')
        throw new UnavailableError('DATABASE_UNAVAILABLE', NO_INTENT, { cause: error })
      } finally {
        ended(beginning)
      }
    },
    async complete(event, outcome) {
      const keptIn = await keepOutcome(event, outcome)
      ended(event.id)
      return { event: completed(event, outcome), keptIn }
    },
    get running() {
      return running.size
    },
    get spooled() {
      return { waiting, failed: failing.size }
    },
    settled(withinMs) {
      if (running.size === 0) return Promise.resolve(true)
      return new Promise((resolve) => {
        const end = (isIdle: boolean) => {
          clearTimeout(tooLong)
          idle.delete(isDone)
          resolve(isIdle)
        }
        const isDone = () => end(true)
        const tooLong = setTimeout(() => end(false), withinMs)
        idle.add(isDone)
      })
    },
    async start() {
      await flushOnce()
      timer = setInterval(() => void flushOnce(), FLUSH_EVERY_MS)
      timer.unref()
    },
    async stop() {
      clearInterval(timer)
      await flushOnce()
    },
  }
}

const NO_INTENT = 'The audit event cannot be written to the database, so nothing was done. Try again shortly.'
