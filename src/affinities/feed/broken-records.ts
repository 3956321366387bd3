import { createChangeFilter } from '../../log/change-filter.js'
import type { BrokenAffinity } from '../affinity-record.js'

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
  const changes = createChangeFilter()
  const known = new Set<string>()

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
      if (changes.isNew(entry.key, entry.reason)) log(entry)
    },
    gone(key) {
      known.delete(key)
    },
  }
}
