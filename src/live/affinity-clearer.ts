import { UnavailableError } from '../errors.js'
import type { AffinityRecord } from '../stores/affinity-record.js'
import type { AffinityStore } from '../stores/affinity-store.js'
import { removalError } from '../stores/redis-removal.js'

/** Keys handed to the store at a time while everything is cleared. */
const CLEAR_ALL_CHUNK = 2_000

/** Removes affinities for good: counts what really went, and keeps cleared records from coming back. */
export interface AffinityClearer {
  /** @returns how many were really there. Throws UnavailableError with the number confirmed gone. */
  clear(records: readonly AffinityRecord[]): Promise<number>
  /** @returns whether the pin was at this endpoint and is gone */
  clearPinned(record: AffinityRecord, endpointId: string): Promise<boolean>
  /** Every key of the affinity family, values that cannot be read included. */
  clearAll(): Promise<number>
  /** What `clearAll` would remove now. */
  countAll(): Promise<number>
}

/** Told of what is being cleared, before it is: a gateway may write it back from its memory. */
export interface ClearGuard {
  willClear(records: readonly AffinityRecord[]): void
  willClearAll(): void
}

export interface AffinityClearerDeps {
  readonly store: AffinityStore
  readonly guard: ClearGuard
  /** Adds to the gateways' own counter of invalidations; a failure must not fail the clear. */
  readonly countInvalidations: (count: number) => Promise<void>
}

export function createAffinityClearer({
  store,
  guard,
  countInvalidations,
}: AffinityClearerDeps): AffinityClearer {
  /** Also when the removal stopped half-way: what went has gone. Then nobody waits for a cache that does not answer. */
  async function counting(removal: Promise<number>): Promise<number> {
    const count = async (removed: number) => {
      if (removed > 0) await countInvalidations(removed).catch(() => {})
    }
    try {
      const removed = await removal
      await count(removed)
      return removed
    } catch (error) {
      if (error instanceof UnavailableError) void count(error.clearedCount)
      throw error
    }
  }

  async function removeAll(): Promise<number> {
    let removed = 0
    try {
      for await (const keys of store.allKeys()) {
        for (let start = 0; start < keys.length; start += CLEAR_ALL_CHUNK) {
          removed += await store.remove(keys.slice(start, start + CLEAR_ALL_CHUNK))
        }
      }
    } catch (error) {
      throw removed === 0 ? error : removalError(error, removed)
    }
    return removed
  }

  return {
    clear(records) {
      guard.willClear(records)
      return counting(store.remove(records.map(({ key }) => key)))
    },
    async clearPinned(record, endpointId) {
      guard.willClear([record])
      return (await counting(store.removePinned(record.key, endpointId).then(Number))) === 1
    },
    clearAll() {
      guard.willClearAll()
      return counting(removeAll())
    },
    async countAll() {
      let count = 0
      for await (const keys of store.allKeys()) count += keys.length
      return count
    },
  }
}
