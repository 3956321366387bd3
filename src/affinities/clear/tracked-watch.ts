import type { AffinityRecord } from '../affinity-record.js'
import type { TrackedClear } from '../follow-up/follow-up.js'
import type { GuardedWalk } from './affinity-clearer.js'
import type { ClearWatch } from './write-back-guard.js'

/** Wraps the watch over a clear so that what it removes is followed. */
export function trackedWatch(watch: ClearWatch, clear: TrackedClear): ClearWatch {
  function tracked(guarded: GuardedWalk, records: readonly AffinityRecord[]): GuardedWalk {
    const keys = records.map(({ key }) => key)
    clear.willRemove(records)
    return {
      async during(run) {
        try {
          return await guarded.during(run)
        } catch (error) {
          clear.doubt(keys)
          throw error
        }
      },
      spare(spared) {
        guarded.spare(spared)
        clear.spare(spared)
      },
      found(some) {
        guarded.found(some)
        clear.willRemove(some)
        for (const { key } of some) keys.push(key)
      },
    }
  }

  return {
    willClear(records) {
      const guarded = watch.willClear(records)
      // Nothing is found later of records that are known.
      return tracked({ ...guarded, found: () => {} }, records)
    },
    willClearAll: () => tracked(watch.willClearAll(), []),
    end() {
      watch.end()
      clear.end()
      void watch.writtenBack.then(() => clear.settle())
    },
    writtenBack: watch.writtenBack,
  }
}
