import type { AffinityEventType } from '../affinity-events.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { ObservedFigures } from '../affinity-source.js'

/**
 * Counts what is seen to happen to records. Two changes of one record within the few milliseconds between two looks at it
 * count as one. What happened while the cache was lost is not known, and not counted.
 */
export class Observed {
  readonly #figures = {
    created: 0,
    refreshed: 0,
    providerSwitches: 0,
    keySwitches: 0,
    removed: 0,
    expired: 0,
  }
  #since: Date
  #hasBegun = false

  /** @param since Unix milliseconds */
  constructor(since: number) {
    this.#since = new Date(since)
  }

  /** Counting begins now, in Unix milliseconds, unless it has before. */
  begin(since: number): void {
    if (!this.#hasBegun) this.#since = new Date(since)
    this.#hasBegun = true
  }

  count(type: AffinityEventType, record: AffinityRecord, previous?: AffinityRecord): void {
    const figures = this.#figures
    switch (type) {
      case 'CREATED':
        figures.created++
        break
      case 'REFRESHED':
        figures.refreshed++
        break
      case 'SWITCHED':
        if (previous?.providerId !== record.providerId) figures.providerSwitches++
        else if (previous.providerKeyId !== record.providerKeyId) figures.keySwitches++
        // Another endpoint by the same key: what the provider has cached for that key is used again.
        else figures.refreshed++
        break
      case 'REMOVED':
        figures.removed++
        break
      case 'EXPIRED':
        figures.expired++
        break
    }
  }

  figures(): ObservedFigures {
    return { since: this.#since, ...this.#figures }
  }
}
