import type { AffinityRecord } from '../stores/affinity-record.js'

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

/** Passes events on. Without listeners no event is made. */
export class AffinityEvents {
  readonly #listeners = new Set<AffinityEventListener>()
  readonly #onError: (error: unknown) => void

  /** @param onError told of a listener that threw; the others and the feed go on */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Returns the way to stop. */
  listen(listener: AffinityEventListener): () => void {
    // One function may listen twice, and stops once.
    const own: AffinityEventListener = (event) => listener(event)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  /** @param at Unix milliseconds */
  emit(type: AffinityEventType, at: number, record: AffinityRecord, previous?: AffinityRecord): void {
    if (this.#listeners.size === 0) return
    const event = { type, at: new Date(at), record, ...(previous && { previous }) }
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
