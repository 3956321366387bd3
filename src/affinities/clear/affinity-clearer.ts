import { UnavailableError } from '../../errors.js'
import { removalError } from '../../redis/removal.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { AffinityStore, PinRemoval } from '../affinity-store.js'

/** Keys handed to the store at a time. */
const CHUNK = 2_000
/** How often a record is looked at again that had another pin when it was to go. */
const LOOKS = 3

/** Removes affinities for good: counts what really went, and keeps cleared records from coming back. */
export interface AffinityClearer {
  /**
   * @param isMeant where what goes depends on its pin: a record that is pinned elsewhere by now goes only if this holds
   * of it still. Without it all go, wherever they are pinned by now.
   * @returns how many were really there. Throws UnavailableError with the number confirmed gone.
   */
  clear(records: readonly AffinityRecord[], isMeant?: (record: AffinityRecord) => boolean): Promise<number>
  /** Every key of the affinity family, values that cannot be read included. */
  clearAll(): Promise<number>
  /** What `clearAll` would remove now. */
  countAll(): Promise<number>
}

/** Told of what is being cleared, before it is: a gateway may write it back from its memory. */
export interface ClearGuard {
  willClear(records: readonly AffinityRecord[]): GuardedClear
  willClearAll(): GuardedClear
}

export interface GuardedClear {
  /**
   * Runs the clear. Until it ends, what is there may simply not have been removed yet. One that fails is not guarded: what
   * was reported as failed must not happen afterwards.
   */
  during<T>(clear: () => Promise<T>): Promise<T>
  /** These were not cleared after all. */
  spare(keys: readonly string[]): void
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
        for (let start = 0; start < keys.length; start += CHUNK) {
          removed += await store.remove(keys.slice(start, start + CHUNK))
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

  /** Those that stay have another pin by now. */
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
    for (let start = 0; start < keys.length; start += CHUNK) {
      const { records } = await store.read(keys.slice(start, start + CHUNK))
      for (const record of records) found.push(record)
    }
    return found
  }

  async function removeMeant(
    records: readonly AffinityRecord[],
    isMeant: (record: AffinityRecord) => boolean,
  ): Promise<number> {
    let removed = 0
    let meant = records
    try {
      for (let look = 1; look <= LOOKS && meant.length > 0; look += 1) {
        const removal = await removePins(meant)
        removed += removal.removed
        meant = (await read(removal.changed)).filter(isMeant)
      }
      // Redis never finds half a surrogate pair, or bytes that are no UTF-8, the same; nothing else moves at each look.
      return meant.length > 0 ? removed + (await removeAny(meant)) : removed
    } catch (error) {
      throw removed === 0 ? error : removalError(error, removed)
    }
  }

  return {
    clear: (records, isMeant) => counting(isMeant ? removeMeant(records, isMeant) : removeAny(records)),
    clearAll: () => counting(guard.willClearAll().during(removeAll)),
    async countAll() {
      let count = 0
      for await (const keys of store.allKeys()) count += keys.length
      return count
    },
  }
}
