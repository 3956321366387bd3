import type { UnavailableError } from '../errors.js'
import { type AffinityRecord, hasSamePin, type PinTarget } from './affinity-record.js'

/** What happens to a record itself. */
export type AffinityChangeType = 'CREATED' | 'REFRESHED' | 'SWITCHED' | 'REMOVED' | 'EXPIRED'

/**
 * ENTERED and LEFT are told under a filter alone: it now holds for the record, or no longer does. The record changed, or time
 * or a row of the database did.
 */
export type AffinityEventType = AffinityChangeType | 'ENTERED' | 'LEFT'

/** One change of an affinity, whichever gateway made it. */
export interface AffinityEvent {
  readonly type: AffinityEventType
  /** When this service saw it. */
  readonly at: Date
  /** The affinity as it is now; if it was removed or has expired, as it was last. */
  readonly record: AffinityRecord
  /** The affinity as it was before; not for what was created, removed or has expired. */
  readonly previous?: AffinityRecord
}

/** Whether the event tells that the record is gone. */
export const isOfGone = ({ type }: AffinityEvent): boolean => type === 'REMOVED' || type === 'EXPIRED'

/** Returns the pin that the affinity had before; undefined if it has kept its pin. */
export const previousPin = ({ record, previous }: AffinityEvent): PinTarget | undefined =>
  previous && !hasSamePin(previous, record) ? previous : undefined

/** The events of a record that crossed a filter, by the change: all who ask alike share one object. */
const crossings = new WeakMap<AffinityEvent, Partial<Record<AffinityEventType, AffinityEvent>>>()

/**
 * Returns the event as it is told under a filter for which the record held before or not, and holds now or not; undefined if
 * it held neither time.
 */
export function eventUnderFilter(
  event: AffinityEvent,
  held: boolean,
  holds: boolean,
): AffinityEvent | undefined {
  if (!event.previous) return holds ? event : undefined
  if (held === holds) return holds ? event : undefined
  const type = holds ? 'ENTERED' : 'LEFT'
  const known = crossings.get(event) ?? {}
  crossings.set(event, known)
  known[type] ??= { ...event, type }
  return known[type]
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
    for (const { onLost } of subscribers) {
      try {
        onLost(reason)
      } catch (error) {
        this.#onError(error)
      }
    }
  }

  /** @param at Unix milliseconds */
  emit(type: AffinityChangeType, at: number, record: AffinityRecord, previous?: AffinityRecord): void {
    if (this.#subscribers.size === 0) return
    const event = { type, at: new Date(at), record, ...(previous && { previous }) }
    // A function for each call would be 500,000 a second with many subscribers.
    for (const { listener } of this.#subscribers) {
      try {
        listener(event)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
