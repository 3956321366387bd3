import { UnavailableError } from '../../errors.js'
import { removalError } from '../../redis/removal.js'
import { batchesOf } from '../../util/batches.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { AffinityStore, PinRemoval } from '../affinity-store.js'
import { type ClearStop, STOP_BATCH, stopBetween, stoppableStore } from './clear-stop.js'
import { type Choice, stillMeant } from './still-meant.js'

/** Keys of one read of the store. */
const CHUNK = STOP_BATCH
/** Attempts to remove a record whose value changes between reading and removing. */
const ATTEMPTS = 3

/** Removes affinities for good: counts those that existed, and has write-backs removed again. */
export interface AffinityClearer {
  /**
   * Removes these affinities.
   * @param choice a record that has another pin by now is removed only if it is still meant. With an empty choice every record
   * is removed, whatever its pin is by now.
   * @throws UnavailableError with the number of confirmed removals
   */
  clear(records: readonly AffinityRecord[], choice?: Choice): Promise<Removal>
  /** Removes every key of the key families, also those whose values cannot be read. */
  clearAll(): Promise<number>
  /** Counts what `clearAll` would remove now. */
  countAll(): Promise<number>
}

export interface Removal {
  /** How many existed. */
  readonly removed: number
  /** How many were left, since they were no longer meant when they came to be removed. */
  readonly spared: number
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
  readonly stop: ClearStop
  /** Adds to the gateways' counter of invalidations. A failure does not fail the clear. */
  readonly countInvalidations: (count: number) => Promise<void>
}

export function createAffinityClearer({
  guard,
  stop,
  countInvalidations,
  ...deps
}: AffinityClearerDeps): AffinityClearer {
  const store = stoppableStore(deps.store, stop)

  /** Counts the removals, also those before a failure. After a failure it does not wait for a cache that does not answer. */
  async function counting<T>(removal: Promise<T>, numberOf: (done: T) => number): Promise<T> {
    const count = async (removed: number) => {
      if (removed > 0) await countInvalidations(removed).catch(() => {})
    }
    try {
      const done = await removal
      await count(numberOf(done))
      return done
    } catch (error) {
      if (error instanceof UnavailableError) void count(error.clearedCount)
      throw error
    }
  }

  async function removeAll(guarded: GuardedWalk): Promise<number> {
    const mayGoOn = stopBetween(stop)
    let removed = 0
    try {
      for await (const keys of store.allKeys()) {
        for (const chunk of batchesOf(keys, CHUNK)) {
          mayGoOn()
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

  const removeWhatever = async (records: readonly AffinityRecord[]): Promise<Removal> => ({
    removed: await removeAny(records),
    spared: 0,
  })

  async function removePins(records: readonly AffinityRecord[], unused: boolean): Promise<PinRemoval> {
    const guarded = guard.willClear(records)
    return guarded.during(async () => {
      const removal = await store.removePins(records, { unused })
      guarded.spare(removal.removed === 0 ? records.map(({ key }) => key) : removal.changed)
      return removal
    })
  }

  async function read(keys: readonly string[]): Promise<{ found: AffinityRecord[]; brokenCount: number }> {
    const found: AffinityRecord[] = []
    let brokenCount = 0
    for (const chunk of batchesOf(keys, CHUNK)) {
      const { records, broken } = await store.read(chunk)
      for (const record of records) found.push(record)
      brokenCount += broken.length
    }
    return { found, brokenCount }
  }

  async function removeSelected(records: readonly AffinityRecord[], choice: Choice): Promise<Removal> {
    const mayGoOn = stopBetween(stop)
    let removed = 0
    let spared = 0
    // Verdicts of many records are those of a moment ago by the time that the last ones are removed.
    const chunks = choice.rejudge ? batchesOf(records, CHUNK) : [records]
    try {
      for (const chunk of chunks) {
        mayGoOn()
        let remaining = await stillMeant(chunk, chunk, choice)
        spared += chunk.length - remaining.length
        for (let attempt = 1; attempt <= ATTEMPTS && remaining.length > 0; attempt += 1) {
          const removal = await removePins(remaining, choice.isSelected?.byFigures === true)
          removed += removal.removed
          const { found, brokenCount } = await read(removal.changed)
          remaining = await stillMeant(found, remaining, choice)
          spared += found.length + brokenCount - remaining.length
        }
        // What remains now are values that never compare equal in Redis (lone surrogates, bytes that are not UTF-8).
        if (remaining.length > 0) removed += await removeAny(remaining)
      }
      return { removed, spared }
    } catch (error) {
      throw removed === 0 ? error : removalError(error, removed)
    }
  }

  return {
    clear: (records, choice = {}) =>
      counting(
        choice.isSelected || choice.rejudge ? removeSelected(records, choice) : removeWhatever(records),
        ({ removed }) => removed,
      ),
    clearAll() {
      const guarded = guard.willClearAll()
      return counting(
        guarded.during(() => removeAll(guarded)),
        (removed) => removed,
      )
    },
    async countAll() {
      let count = 0
      for await (const keys of store.allKeys()) count += keys.length
      return count
    },
  }
}
