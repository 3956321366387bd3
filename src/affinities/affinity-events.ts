import type { UnavailableError } from '../errors.js'
import type { AffinityRecord } from './affinity-record.js'

export type AffinityEventType = 'CREATED' | 'REFRESHED' | 'SWITCHED' | 'REMOVED' | 'EXPIRED'

/** One change of an affinity, whichever gateway made it. */
export interface AffinityEvent {
  readonly type: AffinityEventType
  /** When this service saw it. */
  readonly at: Date
  /** The affinity as it is now; if it was removed or has expired, as it was last. */
  readonly record: AffinityRecord
  /** The affinity as it was before; only for REFRESHED and SWITCHED. */
  readonly previous?: AffinityRecord
}

/** Receives events while the index is being updated: it must be quick, and must not query the index. */
export type AffinityEventListener = (event: AffinityEvent) => void

interface Subscriber {
  readonly listener: AffinityEventListener
  readonly onLost: (reason: UnavailableError) => void
}

/** Passes events on to all listeners. Without listeners no event object is created. */
export class AffinityEvents {
  readonly #subscribers = new Set<Subscriber>()
  readonly #onError: (error: unknown) => void

  /** @param onError receives what a listener threw; the other listeners and the feed continue */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Adds a listener. @returns a function that removes it */
  listen(listener: AffinityEventListener, onLost: (reason: UnavailableError) => void = () => {}): () => void {
    // A new object for each call: a function that listens twice is two subscribers, and each stops alone.
    const subscriber = { listener, onLost }
    this.#subscribers.add(subscriber)
    return () => this.#subscribers.delete(subscriber)
  }

  /** Ends all subscriptions because changes are no longer seen. Each subscriber has to read again and listen again. */
  lose(reason: UnavailableError): void {
    const subscribers = [...this.#subscribers]
    this.#subscribers.clear()
    for (const { onLost } of subscribers) this.#guarded(() => onLost(reason))
  }

  /** @param at Unix milliseconds */
  emit(type: AffinityEventType, at: number, record: AffinityRecord, previous?: AffinityRecord): void {
    if (this.#subscribers.size === 0) return
    const event = { type, at: new Date(at), record, ...(previous && { previous }) }
    for (const { listener } of this.#subscribers) this.#guarded(() => listener(event))
  }

  #guarded(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#onError(error)
    }
  }
}
