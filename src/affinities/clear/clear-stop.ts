import { UnavailableError } from '../../errors.js'
import { removalError } from '../../redis/removal.js'
import { batchesOf } from '../../util/batches.js'
import type { AffinityStore } from '../affinity-store.js'

/** Entries that are removed between two looks at the stop. */
export const STOP_BATCH = 2_000

/**
 * Tells clears that this instance stops. A clear finishes the batch or the call of a node that is on its way, begins no
 * further one, and says how many removals are confirmed. So a clear of one batch is always finished.
 */
export interface ClearStop {
  readonly isStopping: boolean
  /** From now on clears end at their next batch. */
  stop(): void
}

export function createClearStop(): ClearStop {
  let isStopping = false
  return {
    get isStopping() {
      return isStopping
    },
    stop() {
      isStopping = true
    },
  }
}

/** The error of a clear that ends since this instance stops. */
export const stoppedClear = (): UnavailableError =>
  new UnavailableError(
    'OUTCOME_UNKNOWN',
    'This instance of the service was stopped in the middle of the clear, and the rest was not cleared. Repeating it is safe.',
  )

/** Returns a check that is called before each step of a clear: from the second on it throws if this instance stops. */
export function stopBetween(stop: ClearStop): () => void {
  let isFirst = true
  return () => {
    if (!isFirst && stop.isStopping) throw stoppedClear()
    isFirst = false
  }
}

/**
 * Removes entries batch after batch, as long as the instance does not stop.
 * @throws UnavailableError with the number of confirmed removals
 */
export async function removeUntilStop<T>(
  stop: ClearStop,
  items: readonly T[],
  remove: (batch: readonly T[]) => Promise<number>,
): Promise<number> {
  const mayGoOn = stopBetween(stop)
  let removed = 0
  for (const batch of batchesOf(items, STOP_BATCH)) {
    try {
      mayGoOn()
      removed += await remove(batch)
    } catch (error) {
      throw removed === 0 ? error : removalError(error, removed)
    }
  }
  return removed
}

/** Wraps a store so that its removals end between two batches when the instance stops. */
export const stoppableStore = (store: AffinityStore, stop: ClearStop): AffinityStore => ({
  ...store,
  remove: (keys) => removeUntilStop(stop, keys, store.remove),
  async removePins(records, options) {
    const changed: string[] = []
    const removed = await removeUntilStop(stop, records, async (batch) => {
      const removal = await store.removePins(batch, options)
      for (const key of removal.changed) changed.push(key)
      return removal.removed
    })
    return { removed, changed }
  },
})
