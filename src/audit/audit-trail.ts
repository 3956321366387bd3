import { messageOf, OverloadedError, UnavailableError } from '../errors.js'
import { createChangeFilter } from '../log/change-filter.js'
import { isOfMissingTables } from '../postgres/database-errors.js'
import { BEAT_EVERY_MS } from './audit-facts.js'
import type { AuditSpool } from './audit-spool.js'
import {
  type AuditEventRow,
  type AuditIntent,
  type AuditOutcome,
  type AuditStore,
  type CompletedEvent,
  completed,
} from './audit-store.js'
import { createRefusedAttempts, type RefusedAttempts } from './refused-attempts.js'

/** Milliseconds between two attempts to write spooled outcomes to the database. */
const FLUSH_EVERY_MS = 5_000

export interface AuditTrail {
  /** Writes the intent. @throws UnavailableError (DATABASE_UNAVAILABLE) after any failure: the action must not be done */
  begin(intent: AuditIntent): Promise<AuditEventRow>
  /** Writes the outcome to the database, or else to the spool, or else to the log. Never fails. An event may get a later one. */
  complete(event: AuditEventRow, outcome: AuditOutcome): Promise<CompletedEvent>
  /** Writes one event for all attempts of one kind that a viewer is refused in a minute. See RefusedAttempts. */
  refuse: RefusedAttempts['refuse']
  /** The number of actions that have begun and are not completed. */
  readonly running: number
  /** Counts of the outcomes in the spool. */
  readonly spooled: SpooledOutcomes
  /** Waits until no action runs. @returns false if that takes longer than these milliseconds */
  settled(withinMs: number): Promise<boolean>
  /** Writes spooled outcomes to the database now, and then at intervals. Never fails. */
  start(): Promise<void>
  /** Writes spooled outcomes a last time, and stops. Never fails. */
  stop(): Promise<void>
}

export interface SpooledOutcomes {
  /** Outcomes that the database has not taken yet. */
  readonly waiting: number
  /** Files that cannot be read, or that the database refuses: an operator has to look at them. */
  readonly failed: number
}

export interface AuditTrailDeps {
  readonly store: AuditStore
  readonly spool: AuditSpool
  readonly log: {
    error(facts: object, message: string): void
    info(facts: object, message: string): void
  }
}

/** Writes the intent before and the outcome after each action, so that every clear leaves a trace, whatever fails. */
export function createAuditTrail({ store, spool, log }: AuditTrailDeps): AuditTrail {
  const troubles = createChangeFilter()
  /** The running actions: each event by its id; a symbol for an action whose intent is being written. */
  const running = new Map<string | symbol, AuditEventRow | undefined>()
  /** How many outcomes each event has got. */
  const revisions = new WeakMap<AuditEventRow, number>()
  const idle = new Set<() => void>()
  let failing = new Set<string>()
  let waiting = 0
  let timer: NodeJS.Timeout | undefined
  let beats: NodeJS.Timeout | undefined
  let flushing: Promise<void> | undefined

  const ended = (action: string | symbol) => {
    running.delete(action)
    if (running.size === 0) for (const tell of idle) tell()
  }

  // Logs only changes and not each attempt, because a file that cannot be read stays until an operator removes it.
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
      // Files after the one that met the outage were not tried: they keep their state.
      failing = new Set([...failing, ...names])
      if (troubles.isNew('the database', unavailable))
        log.error({ reason: messageOf(unavailable) }, 'audit outcomes stay in the spool')
      return
    }
    troubles.ended('the database')
    for (const name of failing) if (!names.includes(name)) troubles.ended(name)
    failing = new Set(names)
  }

  // Single flight: while the database hangs, attempts must not pile up.
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

  async function begin(intent: AuditIntent): Promise<AuditEventRow> {
    const beginning = Symbol(intent.action)
    running.set(beginning, undefined)
    try {
      const event = await store.begin(intent)
      running.set(event.id, event)
      return event
    } catch (error) {
      log.error({ action: intent.action, reason: messageOf(error) }, 'audit intent cannot be written')
      if (error instanceof OverloadedError) throw error
      throw new UnavailableError('DATABASE_UNAVAILABLE', isOfMissingTables(error) ? NO_TABLE : NO_INTENT, {
        cause: error,
      })
    } finally {
      ended(beginning)
    }
  }

  async function complete(event: AuditEventRow, outcome: AuditOutcome): Promise<CompletedEvent> {
    // An event may be completed again, at the end of a guard window: a stop waits for that, too.
    running.set(event.id, undefined)
    const revision = (revisions.get(event) ?? 0) + 1
    revisions.set(event, revision)
    const latest = revision === 1 ? outcome : { ...outcome, revision }
    const keptIn = await keepOutcome(event, latest)
    ended(event.id)
    return { event: completed(event, latest), keptIn }
  }

  /** Without it, other instances would take an action that runs for long for one that was cut off. */
  async function beat(): Promise<void> {
    for (const event of [...running.values()].filter((running) => running !== undefined)) {
      try {
        await store.beat(event)
        troubles.ended('beat')
      } catch (error) {
        // The next beat tries again.
        if (troubles.isNew('beat', error))
          log.error(
            { auditEvent: event.id, reason: messageOf(error) },
            'audit event of a running action cannot be refreshed',
          )
      }
    }
  }

  const refusedAttempts = createRefusedAttempts({ begin, complete })

  return {
    begin,
    complete,
    refuse: refusedAttempts.refuse,
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
      beats = setInterval(() => void beat(), BEAT_EVERY_MS)
      beats.unref()
    },
    async stop() {
      clearInterval(timer)
      clearInterval(beats)
      await refusedAttempts.stop()
      await flushOnce()
    },
  }
}

const NO_INTENT = 'The audit event cannot be written to the database, so nothing was done. Try again shortly.'
const NO_TABLE =
  'This gateway’s tables have no place for the audit event, so nothing was done: gateway.missing names what is missing.'
