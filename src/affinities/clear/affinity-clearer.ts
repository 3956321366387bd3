import { UnavailableError } from '../../errors.js'
import { batchesOf, removalError } from '../../redis/removal.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { AffinityStore, PinRemoval } from '../affinity-store.js'

/** Keys of one call to the store. */
const CHUNK = 2_000
/** Attempts to remove a record whose value changes between reading and removing. */
const ATTEMPTS = 3

/** Removes affinities for good: counts those that existed, and has write-backs removed again. */
export interface AffinityClearer {
  /**
   * Removes these affinities.
   * @param isSelected given if the selection depends on the pin: a record that has another pin by now is removed only if
   * this still holds. Without it every record is removed, whatever its pin is by now.
   * @returns how many existed
   * @throws UnavailableError with the number of confirmed removals
   */
  clear(records: readonly AffinityRecord[], isSelected?: (record: AffinityRecord) => boolean): Promise<number>
  /** Removes every key of the key families, also those whose values cannot be read. */
  clearAll(): Promise<number>
  /** Counts what `clearAll` would remove now. */
  countAll(): Promise<number>
}

/** Learns of each clear before it begins, and removes what a gateway writes back from its memory. */
export interface ClearGuard {
  willClear(records: readonly AffinityRecord[]): GuardedClear
  willClearAll(): GuardedWalk
}

export interface GuardedClear {
  /**
   * Runs the clear and guards its keys. Until it ends, a record that is seen may just not be removed yet. A clear that fails
   * is not guarded: nothing may be removed after its failure was reported.
   */
  during<T>(clear: () => Promise<T>): Promise<T>
  /** Stops guarding these keys, since they were not cleared. */
  spare(keys: readonly string[]): void
}

/** A guarded clear of everything, whose records are known only when they are found. */
export interface GuardedWalk extends GuardedClear {
  /** Guards these records as well. Call it before they are removed. */
  found(records: readonly AffinityRecord[]): void
}

export interface AffinityClearerDeps {
  readonly store: AffinityStore
  readonly guard: ClearGuard
  /** Adds to the gateways' counter of invalidations. A failure does not fail the clear. */
  readonly countInvalidations: (count: number) => Promise<void>
}

export function createAffinityClearer({
  store,
  guard,
  countInvalidations,
}: AffinityClearerDeps): AffinityClearer {
  /** Counts the removals, also those before a failure. After a failure it does not wait for a cache that does not answer. */
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

  async function removeAll(guarded: GuardedWalk): Promise<number> {
    let removed = 0
    try {
      for await (const keys of store.allKeys()) {
        for (const chunk of batchesOf(keys, CHUNK)) {
          guarded.found((await store.read(chunk)).records)
          removed += await store.remove(chunk)
        }
      }
    } catch (error) {
      throw removed === 0 ? error : removalError(error, removed)
    }
    return removed
  }

  function removeAny(records: readonly AffinityRecord[]): Promise<number> {
    const keys = records.map(({ key }) => key)
    return guard.willClear(records).during(() => store.remove(keys))
  }

  async function removePins(records: readonly AffinityRecord[]): Promise<PinRemoval> {
    const guarded = guard.willClear(records)
    return guarded.during(async () => {
      const removal = await store.removePins(records)
      guarded.spare(removal.removed === 0 ? records.map(({ key }) => key) : removal.changed)
      return removal
    })
  }

  async function read(keys: readonly string[]): Promise<readonly AffinityRecord[]> {
    const found: AffinityRecord[] = []
    for (const chunk of batchesOf(keys, CHUNK)) {
      const { records } = await store.read(chunk)
      for (const record of records) found.push(record)
    }
    return found
  }

  async function removeSelected(
    records: readonly AffinityRecord[],
    isSelected: (record: AffinityRecord) => boolean,
  ): Promise<number> {
    let removed = 0
    let remaining = records
    try {
      for (let attempt = 1; attempt <= ATTEMPTS && remaining.length > 0; attempt += 1) {
        const removal = await removePins(remaining)
        removed += removal.removed
        remaining = (await read(removal.changed)).filter(isSelected)
      }
      // What remains now are values that never compare equal in Redis (lone surrogates, bytes that are not UTF-8).
      return remaining.length > 0 ? removed + (await removeAny(remaining)) : removed
    } catch (error) {
      throw removed === 0 ? error : removalError(error, removed)
    }
  }

  return {
    clear: (records, isSelected) =>
      counting(isSelected ? removeSelected(records, isSelected) : removeAny(records)),
    clearAll() {
      const guarded = guard.willClearAll()
      return counting(guarded.during(() => removeAll(guarded)))
    },
    async countAll() {
      let count = 0
      for await (const keys of store.allKeys()) count += keys.length
      return count
    },
  }
}
