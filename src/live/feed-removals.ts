import { UnavailableError } from '../errors.js'
import type { AffinityStore } from '../stores/affinity-store.js'

/** Keys removed at a time: while the next ones go, these leave the index. */
const BATCH = 500

export interface RemovalFollower {
  /** These keys were there, or had gone already; now they are gone. */
  removed(keys: readonly string[]): void
  /** Some of these keys may be gone. */
  doubtful(keys: readonly string[]): void
}

/** The same store; each of its removals is followed before it resolves, so that our own clears are seen at once. */
export const followRemovals = (store: AffinityStore, follower: RemovalFollower): AffinityStore => ({
  storageType: store.storageType,
  readAll: (options) => store.readAll(options),
  read: (keys) => store.read(keys),
  allKeys: () => store.allKeys(),
  async remove(keys) {
    let count = 0
    let before: readonly string[] = []
    for (let start = 0; start < keys.length || before.length > 0; start += BATCH) {
      const batch = keys.slice(start, start + BATCH)
      const removal = batch.length > 0 ? store.remove(batch) : Promise.resolve(0)
      // Its failure is looked at below, after the index has been seen to.
      removal.catch(() => {})
      follower.removed(before)
      try {
        count += await removal
      } catch (error) {
        follower.doubtful(batch)
        throw withConfirmed(error, count)
      }
      before = batch
    }
    return count
  },
  async removePinned(key, endpointId) {
    try {
      const isGone = await store.removePinned(key, endpointId)
      if (isGone) follower.removed([key])
      return isGone
    } catch (error) {
      follower.doubtful([key])
      throw error
    }
  },
})

/** The same failure, with what earlier batches had confirmed gone. */
function withConfirmed(error: unknown, confirmed: number): unknown {
  if (!(error instanceof UnavailableError) || confirmed === 0) return error
  return new UnavailableError(error.code, error.message, {
    cause: error.cause,
    clearedCount: confirmed + error.clearedCount,
  })
}
