import type { AffinityChangeType } from '../affinity-events.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { ObservedFigures } from '../affinity-source.js'

/**
 * Counts the changes of records. Two changes of one record within the few milliseconds between two reads count as one.
 * Changes during an outage of the feed are not counted.
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

  /** Sets the start of counting, in Unix milliseconds; only the first call counts. */
  begin(since: number): void {
    if (!this.#hasBegun) this.#since = new Date(since)
    this.#hasBegun = true
  }

  count(type: AffinityChangeType, record: AffinityRecord, previous?: AffinityRecord): void {
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
        // Only the endpoint differs: the provider's cache belongs to the provider key, so it is used again.
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
