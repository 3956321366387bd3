import type { BrokenAffinity } from '../stores/affinity-store.js'

/** Keys remembered as logged; past it the oldest is forgotten and may be logged once more. */
const REMEMBERED = 10_000

export interface BrokenRecords {
  /** Broken keys of the last full read. */
  readonly count: number
  /** Takes the broken keys of one full read: logs each key once, counts them all. */
  report(broken: readonly BrokenAffinity[]): void
}

export function createBrokenRecords(log: (broken: BrokenAffinity) => void): BrokenRecords {
  const logged = new Map<string, string>()
  let count = 0
  return {
    get count() {
      return count
    },
    report(broken) {
      count = broken.length
      for (const entry of broken) {
        if (logged.get(entry.key) === entry.reason) continue
        logged.set(entry.key, entry.reason)
        if (logged.size > REMEMBERED) {
          const oldest = logged.keys().next().value
          if (oldest !== undefined) logged.delete(oldest)
        }
        log(entry)
      }
    },
  }
}
