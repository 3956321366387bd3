import { messageOf } from '../errors.js'
import { createLru } from '../util/lru.js'

/** Subjects that one filter remembers (LRU). A forgotten subject may be logged again. */
const REMEMBERED = 10_000

/** A change filter lets a caller log a state only when it changes, and not each time it is met. */
export interface ChangeFilter {
  /**
   * Remembers the state of a subject, and returns whether it differs from the one before.
   * @param state a text, or an error, whose message is the state
   */
  isNew(subject: string, state: unknown): boolean
  /** Forgets the state of a subject that is well again. @returns its duration in milliseconds; undefined if it had none */
  ended(subject: string): number | undefined
}

/** @param now returns milliseconds of a monotonic clock */
export function createChangeFilter(now: () => number = () => performance.now()): ChangeFilter {
  const states = createLru<string, { readonly state: string; readonly since: number }>(REMEMBERED)
  return {
    isNew(subject, given) {
      const state = messageOf(given)
      const known = states.get(subject)
      if (known?.state === state) return false
      states.set(subject, { state, since: known?.since ?? now() })
      return true
    },
    ended(subject) {
      const known = states.get(subject)
      if (known === undefined) return undefined
      states.delete(subject)
      return now() - known.since
    },
  }
}
