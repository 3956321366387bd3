import type { AffinityStore, KeyStep } from '../affinity-store.js'
import { type Comparisons, createComparisons, type ReconcileDeps } from './reconcile.js'

/** Rounds in the time in which every known record is compared once. */
export const ROUNDS = 60
/** Share of that time which a pass takes, so that the last round may come late. */
const PASS = 0.97
/** Passes over the known records during one walk over all keys. */
const WALK = 6

export interface RollingDeps extends ReconcileDeps {
  readonly store: ReconcileDeps['store'] & Pick<AffinityStore, 'countKeys'>
  /** Milliseconds in which every known record is compared once; keys that are not known are found in six times as long. */
  readonly periodMs: number
  /** Milliseconds on a clock that is never set. */
  readonly clock: () => number
}

/** A walk over all keys under way. */
interface Walk {
  readonly steps: AsyncIterator<KeyStep>
  readonly keys: number
  visited: number
}

/**
 * Compares the index with the cache a slice at a time. Each round compares what is due by now, so that after a pause of the
 * process the next round makes up for it.
 */
export class RollingReconcile {
  readonly #deps: RollingDeps
  #passStartedAt: number
  #slot = 0
  #walkStartedAt: number
  #walk: Walk | undefined
  #lastWalk = 0

  constructor(deps: RollingDeps) {
    this.#deps = deps
    this.#passStartedAt = deps.clock()
    this.#walkStartedAt = this.#passStartedAt
  }

  /** Begins anew, since everything has just been read or compared. */
  restart(): void {
    this.#passStartedAt = this.#deps.clock()
    this.#walkStartedAt = this.#passStartedAt
    this.#slot = 0
    this.#dropWalk()
  }

  /** Compares what is due by now. @returns the drift, and whether this round ended a pass over all known records */
  async round(isCancelled: () => boolean): Promise<{ readonly drift: number; readonly endedPass: boolean }> {
    const comparisons = createComparisons(this.#deps, 'round', isCancelled)
    const { drift, endedPass } = await this.#comparePart(comparisons, isCancelled)
    if (isCancelled()) return { drift, endedPass: false }
    try {
      return { drift: drift + (await this.#walkOn(comparisons, isCancelled)), endedPass }
    } catch (error) {
      this.#dropWalk()
      throw error
    }
  }

  async #comparePart({ known, broken }: Comparisons, isCancelled: () => boolean) {
    const { index, periodMs, clock } = this.#deps
    const passMs = periodMs * PASS
    const share = (clock() - this.#passStartedAt) / passMs
    const end = Math.floor(index.slotLimit * Math.min(share, 1))
    let drift = await known(this.#slot, end)
    if (isCancelled()) return { drift, endedPass: false }
    this.#slot = Math.max(this.#slot, end)
    if (share < 1) return { drift, endedPass: false }
    drift += await broken()
    this.#slot = 0
    // A late round does not make the passes after it late.
    this.#passStartedAt = share < 2 ? this.#passStartedAt + passMs : clock()
    return { drift, endedPass: true }
  }

  async #walkOn({ found }: Comparisons, isCancelled: () => boolean): Promise<number> {
    const { periodMs, clock } = this.#deps
    const walkMs = periodMs * PASS * WALK
    const share = (clock() - this.#walkStartedAt) / walkMs
    this.#walk ??= await this.#newWalk()
    const walk = this.#walk
    let drift = 0
    while (share >= 1 || walk.visited < walk.keys * share) {
      const { done, value } = await walk.steps.next()
      if (isCancelled() || this.#walk !== walk) return drift
      if (done) {
        this.#lastWalk = walk.visited
        this.#walk = undefined
        this.#walkStartedAt = share >= 1 && share < 2 ? this.#walkStartedAt + walkMs : clock()
        return drift
      }
      walk.visited += value.visited
      drift += await found(value)
    }
    return drift
  }

  async #newWalk(): Promise<Walk> {
    const { store, index } = this.#deps
    // If the cache does not tell, the last walk does; the first one then makes up for the rest at its end.
    const keys = (await store.countKeys()) ?? Math.max(this.#lastWalk, 2 * index.size)
    return { steps: store.walkKeys()[Symbol.asyncIterator](), keys, visited: 0 }
  }

  #dropWalk(): void {
    const walk = this.#walk
    this.#walk = undefined
    // A walk that failed has ended by itself.
    void walk?.steps.return?.()?.catch(() => {})
  }
}
