import type { Logger } from 'pino'
import { messageOf, UnavailableError } from '../../errors.js'

/** Faults of our own code that are remembered as logged. Beyond that the oldest is forgotten and may be logged again. */
const REMEMBERED = 100

/** Logs the state of the follower: the beginning and the end of each outage, and each fault of our own code once. */
export class FollowerLog {
  readonly #log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly #faults = new Set<string>()
  #lostAt: number | undefined
  #readAt: number | undefined
  #isUnstamped = false

  constructor(log: Pick<Logger, 'info' | 'warn' | 'error'>) {
    this.#log = log
  }

  lost(reason: unknown): void {
    if (this.#lostAt !== undefined) return
    this.#lostAt = performance.now()
    this.#log.error({ reason: causeOf(reason) }, 'affinities are not followed any more')
  }

  /** Called when a full read begins. */
  reading(): void {
    this.#readAt = performance.now()
  }

  followed(affinities: number): void {
    const readMs = msSince(this.#readAt)
    const afterMs = msSince(this.#lostAt)
    this.#readAt = undefined
    this.#lostAt = undefined
    const times = { ...(readMs !== undefined && { readMs }), ...(afterMs !== undefined && { afterMs }) }
    this.#log.info({ affinities, ...times }, 'affinities are followed')
  }

  refused(reason: unknown): void {
    this.#log.warn(
      { reason: causeOf(reason) },
      'the cache does not tell changes (client tracking is refused or ends too often): every request reads all affinities',
    )
  }

  outgrown(reason: unknown): void {
    this.#log.warn(
      { reason: messageOf(reason) },
      'the affinities do not fit into the heap (index-too-large): every request reads all affinities',
    )
  }

  drifted(drift: number): void {
    this.#log.warn({ drift }, 'affinities differed from the cache without a word; they are put right')
  }

  /** Called when the cache refuses to compute stamps; logged once. */
  unstamped(): void {
    if (this.#isUnstamped) return
    this.#isUnstamped = true
    this.#log.warn(
      {},
      'the cache refuses the script that compares affinities (EVAL): their values are read instead, which costs more',
    )
  }

  fault(error: unknown): void {
    const id = faultIdOf(error)
    if (this.#faults.has(id)) return
    this.#faults.add(id)
    const [oldest] = this.#faults
    if (this.#faults.size > REMEMBERED && oldest !== undefined) this.#faults.delete(oldest)
    this.#log.error(
      { err: error },
      'the index of affinities met a fault of this service: every request reads all affinities',
    )
  }
}

const msSince = (at: number | undefined): number | undefined =>
  at === undefined ? undefined : Math.round(performance.now() - at)

/** Returns the message of an UnavailableError's cause, since its own message is for clients. */
const causeOf = (reason: unknown): string =>
  messageOf(reason instanceof UnavailableError ? (reason.cause ?? reason) : reason)

/** Identifies a fault by its message and the line that threw it: different call paths can meet the same bug. */
function faultIdOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const [place = ''] = /\S+:\d+:\d+/.exec(error.stack ?? '') ?? []
  return `${error.message} ${place}`
}
