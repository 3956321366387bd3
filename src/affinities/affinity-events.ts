import type { UnavailableError } from '../errors.js'
import type { AffinityRecord } from './affinity-record.js'

export type AffinityEventType = 'CREATED' | 'REFRESHED' | 'SWITCHED' | 'REMOVED' | 'EXPIRED'

/** Something that happened to an affinity, whichever gateway did it. */
export interface AffinityEvent {
  readonly type: AffinityEventType
  /** When this service saw it. */
  readonly at: Date
  /** As it is now; as it last was, where it is gone. */
  readonly record: AffinityRecord
  /** As it was before, where it was there before and is there now. */
  readonly previous?: AffinityRecord
}

/** Called in the middle of feeding the index: it must be quick, and may not ask the index. */
export type AffinityEventListener = (event: AffinityEvent) => void

interface Subscriber {
  readonly listener: AffinityEventListener
  readonly onLost: (reason: UnavailableError) => void
}

/** Passes events on. Without listeners no event is made. */
export class AffinityEvents {
  readonly #subscribers = new Set<Subscriber>()
  readonly #onError: (error: unknown) => void

  /** @param onError told of a listener that threw; the others and the feed go on */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Returns the way to stop. */
  listen(listener: AffinityEventListener, onLost: (reason: UnavailableError) => void = () => {}): () => void {
    // One function may listen twice, and stops once.
    const subscriber = { listener, onLost }
    this.#subscribers.add(subscriber)
    return () => this.#subscribers.delete(subscriber)
  }

  /** What happens from now on is not seen: whoever listens is told, and has to read anew and listen again. */
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
