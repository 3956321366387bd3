import type { BrokenAffinity } from '../affinity-record.js'

/** Keys remembered as logged; past it the oldest is forgotten and may be logged once more. */
const REMEMBERED = 10_000

export interface BrokenRecords {
  /** Keys known to hold what cannot be read. */
  readonly count: number
  /** Takes the broken keys of one full read, in the place of all that were known. */
  report(broken: readonly BrokenAffinity[]): void
  /** A key that holds what cannot be read. */
  found(broken: BrokenAffinity): void
  /** A key that is not broken, or not there, any more. */
  gone(key: string): void
}

/** @param log called once for each key, and again when it is broken in another way */
export function createBrokenRecords(log: (broken: BrokenAffinity) => void): BrokenRecords {
  const logged = new Map<string, string>()
  const known = new Set<string>()

  function logOnce(entry: BrokenAffinity): void {
    if (logged.get(entry.key) === entry.reason) return
    logged.set(entry.key, entry.reason)
    if (logged.size > REMEMBERED) {
      const oldest = logged.keys().next().value
      if (oldest !== undefined) logged.delete(oldest)
    }
    log(entry)
  }

  return {
    get count() {
      return known.size
    },
    report(broken) {
      known.clear()
      for (const entry of broken) this.found(entry)
    },
    found(entry) {
      known.add(entry.key)
      logOnce(entry)
    },
    gone(key) {
      known.delete(key)
    },
  }
}
