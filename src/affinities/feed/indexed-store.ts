import { UnavailableError } from '../../errors.js'
import type { AffinityStore, PinRemoval } from '../affinity-store.js'

/** Keys of one removal. While Redis removes a batch, the batch before leaves the index. */
const BATCH = 500

export interface RemovalFollower {
  /** These keys are gone now, whether or not they existed before. */
  removed(keys: readonly string[]): void
  /** These keys may be gone: the removal failed. */
  doubtful(keys: readonly string[]): void
}

/** Wraps a store so that the index applies each removal before it resolves: a client sees its own clear at once. */
export function indexedStore(store: AffinityStore, follower: RemovalFollower): AffinityStore {
  async function inBatches<T>(
    items: readonly T[],
    keyOf: (item: T) => string,
    remove: (batch: readonly T[]) => Promise<PinRemoval>,
  ): Promise<PinRemoval> {
    let removed = 0
    const changed: string[] = []
    let gone: readonly string[] = []
    for (let start = 0; start < items.length || gone.length > 0; start += BATCH) {
      const batch = items.slice(start, start + BATCH)
      const removal = batch.length > 0 ? remove(batch) : Promise.resolve({ removed: 0, changed: [] })
      // The failure is handled below; without this it would be unhandled while the index is updated.
      removal.catch(() => {})
      follower.removed(gone)
      const keys = batch.map(keyOf)
      try {
        const outcome = await removal
        removed += outcome.removed
        changed.push(...outcome.changed)
        const stay = new Set(outcome.changed)
        gone = stay.size === 0 ? keys : keys.filter((key) => !stay.has(key))
      } catch (error) {
        follower.doubtful(keys)
        throw withConfirmed(error, removed)
      }
    }
    return { removed, changed }
  }

  return {
    storageType: store.storageType,
    families: store.families,
    readAll: (options) => store.readAll(options),
    read: (keys) => store.read(keys),
    allKeys: () => store.allKeys(),
    async remove(keys) {
      const remove = async (batch: readonly string[]) => ({ removed: await store.remove(batch), changed: [] })
      return (await inBatches(keys, (key) => key, remove)).removed
    },
    removePins: (records, options) =>
      inBatches(
        records,
        ({ key }) => key,
        (batch) => store.removePins(batch, options),
      ),
  }
}

/** Adds the removals that earlier batches had confirmed to a failure. */
function withConfirmed(error: unknown, confirmed: number): unknown {
  if (!(error instanceof UnavailableError) || confirmed === 0) return error
  return new UnavailableError(error.code, error.message, {
    cause: error.cause,
    clearedCount: confirmed + error.clearedCount,
  })
}
