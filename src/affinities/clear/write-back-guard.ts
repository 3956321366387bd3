import type { Logger } from 'pino'
import { createChangeFilter } from '../../log/change-filter.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { AffinityStore } from '../affinity-store.js'
import type { ClearGuard, GuardedClear } from './affinity-clearer.js'
import type { WriteBackRemover } from './write-back-remover.js'

/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 250
/** Keys asked for at a time where changes are not told. */
const READ_BATCH = 1_000
/** Removals under way at a time. */
const REMOVALS = 100

/** One clear, from before it begins until its window closes. */
interface Guarded {
  /** A record of this key created then, in Unix seconds, or before, is a write-back; undefined where it is not guarded. */
  boundOf(key: string): number | undefined
  /** Undefined: every key. */
  readonly keys: Map<string, number> | undefined
  /** Unix milliseconds; undefined while it runs. Until it ends, what is there it may not have removed yet: it counts it. */
  closesAt: number | undefined
  /** Keys seen with a write-back, and the bound. */
  readonly suspects: Map<string, number>
}

export interface WriteBackGuardDeps {
  readonly store: AffinityStore
  readonly remover: WriteBackRemover
  /** How long after a clear write-backs are removed, in seconds, 0..60; 0 switches the guard off. */
  readonly windowSeconds: number
  /** Whether `seen` is told of every change; where not, the guarded keys are looked at. */
  readonly isFollowed: () => boolean
  /** Unix milliseconds. */
  readonly now: () => number
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Told how many write-backs were just removed, more than 0. */
  readonly onRemovedAgain?: (count: number) => void
}

export interface WriteBackGuard extends ClearGuard {
  /** A record that has just been read. */
  seen(record: AffinityRecord): void
  /** Write-backs removed since the start. */
  readonly removedAgain: number
  close(): void
}

const UNGUARDED: GuardedClear = { during: (run) => run(), spare: () => {} }

/** Takes entries out, first come first: a copy of the whole for each hundred of 100,000 would keep everybody waiting. */
function takeFirst<K, V>(map: Map<K, V>, count: number): [K, V][] {
  const taken: [K, V][] = []
  for (const entry of map) {
    taken.push(entry)
    map.delete(entry[0])
    if (taken.length === count) break
  }
  return taken
}

/**
 * Keeps cleared records from coming back. A gateway's worker holds a record in memory for seconds, and may write it back
 * with its old `created_at`: within the window it is removed again. A new pin has a later `created_at` and lives.
 */
export function createWriteBackGuard(deps: WriteBackGuardDeps): WriteBackGuard {
  const { remover, now, log } = deps
  const windowMs = deps.windowSeconds * 1_000
  const guarded = new Set<Guarded>()
  const troubles = createChangeFilter()
  let removedAgain = 0
  let timer: NodeJS.Timeout | undefined
  let isLooking = false

  function guard(keys: Map<string, number> | undefined): GuardedClear {
    if (windowMs === 0 || keys?.size === 0) return UNGUARDED
    const beganAt = now()
    const clear: Guarded = {
      keys,
      boundOf: keys ? (key) => keys.get(key) : () => beganAt / 1_000,
      closesAt: undefined,
      suspects: new Map(),
    }
    guarded.add(clear)
    timer ??= setInterval(() => void look(), LOOK_EVERY_MS).unref()
    return {
      async during(run) {
        try {
          const result = await run()
          clear.closesAt = now() + windowMs
          void removeSuspects(clear)
          return result
        } catch (error) {
          guarded.delete(clear)
          throw error
        }
      },
      spare(spared) {
        for (const key of spared) {
          keys?.delete(key)
          clear.suspects.delete(key)
        }
      },
    }
  }

  function seen({ key, createdAt }: AffinityRecord): void {
    for (const clear of guarded) {
      const bound = clear.boundOf(key)
      if (bound === undefined || createdAt > bound) continue
      clear.suspects.set(key, bound)
      // At once, where nothing speaks against it.
      if (clear.closesAt !== undefined) queueMicrotask(() => void removeSuspects(clear))
    }
  }

  async function look(): Promise<void> {
    if (isLooking) return
    isLooking = true
    try {
      for (const clear of guarded) {
        if (!deps.isFollowed()) await readGuarded(clear)
        if (clear.closesAt === undefined) continue
        await removeSuspects(clear)
        if (now() > clear.closesAt) guarded.delete(clear)
      }
      troubles.ended('look')
    } catch (error) {
      // It is tried again at the next look.
      if (troubles.isNew('look', error))
        log.warn({ err: error }, 'cleared affinities cannot be watched for their return just now')
    } finally {
      isLooking = false
      if (guarded.size === 0) {
        clearInterval(timer)
        timer = undefined
      }
    }
  }

  async function readGuarded({ keys }: Guarded): Promise<void> {
    if (keys === undefined) {
      for await (const batch of deps.store.readAll()) batch.records.forEach(seen)
      return
    }
    const all = [...keys.keys()]
    for (let start = 0; start < all.length; start += READ_BATCH) {
      const batch = await deps.store.read(all.slice(start, start + READ_BATCH))
      batch.records.forEach(seen)
    }
  }

  async function removeSuspects({ suspects }: Guarded): Promise<void> {
    let count = 0
    while (suspects.size > 0) {
      const some = takeFirst(suspects, REMOVALS)
      const outcomes = await Promise.allSettled(
        some.map(([key, createdAt]) => remover.removeNotNewer(key, createdAt)),
      )
      outcomes.forEach((outcome, position) => {
        const [key, createdAt] = some[position] ?? ['', 0]
        if (outcome.status === 'rejected') suspects.set(key, createdAt)
        else if (outcome.value) count += 1
      })
      // The next look tries again.
      if (outcomes.some(({ status }) => status === 'rejected')) break
    }
    removedAgain += count
    if (count === 0) return
    deps.onRemovedAgain?.(count)
    log.info({ count }, 'cleared affinities were written back by a gateway; removed again')
  }

  return {
    willClear: (records) => guard(new Map(records.map(({ key, createdAt }) => [key, createdAt]))),
    willClearAll: () => guard(undefined),
    seen,
    get removedAgain() {
      return removedAgain
    },
    close() {
      clearInterval(timer)
      guarded.clear()
    },
  }
}
