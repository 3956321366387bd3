import { createChangeFilter } from '../../log/change-filter.js'
import type { BrokenAffinity } from '../affinity-record.js'

export interface BrokenRecords {
  /** The number of keys whose value is known to be broken. */
  readonly count: number
  has(key: string): boolean
  /** The known broken keys, in no order. */
  keys(): Iterable<string>
  /** Replaces all known broken keys by those of a full read. */
  replaceAll(broken: readonly BrokenAffinity[]): void
  add(broken: BrokenAffinity): void
  /** Removes a key whose value can be read now, or that no longer exists. */
  remove(key: string): void
}

/** @param log called once for each key, and again when the reason changes */
export function createBrokenRecords(log: (broken: BrokenAffinity) => void): BrokenRecords {
  const changes = createChangeFilter()
  const known = new Set<string>()

  return {
    get count() {
      return known.size
    },
    has: (key) => known.has(key),
    keys: () => known.keys(),
    replaceAll(broken) {
      known.clear()
      for (const entry of broken) this.add(entry)
    },
    add(entry) {
      known.add(entry.key)
      if (changes.isNew(entry.key, entry.reason)) log(entry)
    },
    remove(key) {
      known.delete(key)
    },
  }
}
