import { messageOf } from '../errors.js'
import { createLru } from '../util/lru.js'

/** Subjects remembered by one filter; the subject that was not seen for longest is forgotten, and may be told again. */
const REMEMBERED = 10_000

/** A change filter lets a line into the log when a state changes, and not at each turn of what meets that state again. */
export interface ChangeFilter {
  /**
   * Whether this subject was in another state at the last call, or in none. The state is remembered.
   * @param state an error is the state that its message names
   */
  isNew(subject: string, state: unknown): boolean
  /** The subject is in order. @returns milliseconds since it left order; undefined where it was in order already */
  ended(subject: string): number | undefined
}

/** @param now milliseconds of a clock that never goes back */
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
