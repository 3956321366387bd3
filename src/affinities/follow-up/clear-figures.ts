import type { ClearMark } from '../affinity-changes.js'
import type { FollowUp, FollowUpListener } from './follow-up.js'

/** Ids by numbers, and numbers by ids. */
export class Names {
  readonly #names: string[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    const number = this.#names.length
    this.#names.push(name)
    this.#numbers.set(name, number)
    return number
  }

  nameOf(number: number): string {
    return this.#names[number] ?? ''
  }
}

/** The place where an affinity is pinned, in numbers of a clear's names. */
export interface NumberedPin {
  readonly provider: number
  readonly providerKey: number
}

/** The counts of one clear. */
export class ClearFigures {
  readonly names = new Names()
  #cleared = 0
  #elsewhere = 0
  #same = 0
  #sameKey = 0
  readonly #byProvider = new Map<number, number>()
  /** Affinities of each API key that were not seen since. */
  readonly #unseen = new Map<number, number>()

  add(apiKey: number): void {
    this.#cleared += 1
    addTo(this.#unseen, apiKey, 1)
  }

  remove(apiKey: number): void {
    this.#cleared -= 1
    addTo(this.#unseen, apiKey, -1)
  }

  /** @param by 1 when an affinity is seen at a pin, -1 when it is no longer there */
  count(by: 1 | -1, apiKey: number, was: NumberedPin, is: NumberedPin): void {
    addTo(this.#byProvider, is.provider, by)
    addTo(this.#unseen, apiKey, -by)
    if (was.provider !== is.provider) {
      this.#elsewhere += by
      return
    }
    this.#same += by
    if (was.providerKey === is.providerKey) this.#sameKey += by
  }

  followUp(since: number, watchedUntil: number): FollowUp {
    const byProvider = [...this.#byProvider].map(([provider, count]) => ({
      providerId: this.names.nameOf(provider),
      count,
    }))
    byProvider.sort((a, b) => b.count - a.count || (a.providerId < b.providerId ? -1 : 1))
    return {
      since: new Date(since),
      watchedUntil: new Date(watchedUntil),
      cleared: this.#cleared,
      repinnedElsewhere: this.#elsewhere,
      repinnedSame: this.#same,
      repinnedSameKey: this.#sameKey,
      notSeenSince: this.#cleared - this.#elsewhere - this.#same,
      byProvider,
      notSeenApiKeyIds: (first) => this.#firstUnseen(first),
    }
  }

  #firstUnseen(first: number): readonly string[] {
    const ids: string[] = []
    for (const apiKey of this.#unseen.keys()) {
      if (ids.length >= first) break
      ids.push(this.names.nameOf(apiKey))
    }
    return ids
  }
}

function addTo(counts: Map<number, number>, of: number, by: number): void {
  const count = (counts.get(of) ?? 0) + by
  if (count === 0) counts.delete(of)
  else counts.set(of, count)
}

/** One clear that is followed. */
export interface FollowedClear extends ClearMark {
  readonly number: number
  readonly since: number
  readonly isMirror: boolean
  readonly figures: ClearFigures
  readonly listeners: Set<FollowUpListener>
  /** Its first slot. */
  head: number
  hasEnded: boolean
  /** Whether write-backs that stay count. */
  isSettled: boolean
  /** It removed more than is kept of all clears together, or was forgotten. */
  isForgotten: boolean
}
