import { setTimeout as sleep } from 'node:timers/promises'
import type { AffinityStore, KeyStep } from '../affinity-store.js'
import type { BrokenRecords } from './broken-records.js'
import { correct, type DriftDeps, differing } from './drift.js'

/** Keys that are compared in one step. */
const STEP = 1_000
/** Pause after each step, as a multiple of the step's own time, which leaves Redis and the event loop to others. */
const REST_RATIO = { everything: 1, round: 4 } as const

export interface ReconcileDeps extends DriftDeps {
  readonly store: Pick<AffinityStore, 'read' | 'families' | 'stamps' | 'walkKeys'>
  readonly broken: Pick<BrokenRecords, 'has' | 'keys'>
  /** Called when the cache has refused to compute stamps, so that values were read. */
  readonly onRefused: () => void
}

/** Comparisons of the index with the cache. Each corrects what differs, and returns how many records did. */
export interface Comparisons {
  /** Compares the records in the slots from `from` to before `to`: finds those that have changed or are gone. */
  known(from: number, to: number): Promise<number>
  /** Reads the keys again whose values could not be read. */
  broken(): Promise<number>
  /** Compares the keys that a step of a walk found: finds those that the index does not have. */
  found(step: KeyStep): Promise<number>
}

/**
 * Creates comparisons that hold no more than one step of keys at a time.
 * @param pace how much they rest: little if everything is compared at once
 */
export function createComparisons(
  deps: ReconcileDeps,
  pace: keyof typeof REST_RATIO,
  isCancelled: () => boolean,
): Comparisons {
  const { index, broken, changes, onRefused, onBytes } = deps
  const { families } = deps.store

  async function resting(step: () => Promise<number>): Promise<number> {
    const startedAt = performance.now()
    const drift = await step()
    await sleep((performance.now() - startedAt) * REST_RATIO[pace])
    return drift
  }

  return {
    async known(from, to) {
      let drift = 0
      for (let at = from; at < to && !isCancelled(); at += STEP) {
        const keys = index.keysIn(at, Math.min(at + STEP, to))
        if (keys.length === 0) continue
        drift += await resting(async () => {
          const { suspects, hasStamps } = await differing(keys, deps)
          if (!hasStamps) onRefused()
          return correct(suspects, deps, isCancelled)
        })
      }
      return drift
    },
    async broken() {
      let drift = 0
      const keys = [...broken.keys()]
      for (let at = 0; at < keys.length && !isCancelled(); at += STEP)
        drift += await resting(() => correct(keys.slice(at, at + STEP), deps, isCancelled))
      return drift
    },
    async found({ keys }) {
      onBytes(keys.reduce((sum, key) => sum + key.length, 0))
      const isUnknown = (key: string) =>
        !index.has(key) && !broken.has(key) && !changes.has(key) && families.of(key) !== undefined
      const unknown = keys.filter(isUnknown)
      let drift = 0
      for (let at = 0; at < unknown.length && !isCancelled(); at += STEP)
        drift += await resting(() => correct(unknown.slice(at, at + STEP), deps, isCancelled))
      return drift
    },
  }
}

/**
 * Compares everything with the cache at once, while changes go on, and corrects what differs.
 * @returns the drift: records that differed though the feed reported no change. It is 0 unless a change was not reported.
 */
export async function reconcile(deps: ReconcileDeps, isCancelled: () => boolean): Promise<number> {
  const { known, broken, found } = createComparisons(deps, 'everything', isCancelled)
  let drift = await known(0, deps.index.slotLimit)
  drift += await broken()
  for await (const step of deps.store.walkKeys()) {
    drift += await found(step)
    if (isCancelled()) break
  }
  return drift
}
