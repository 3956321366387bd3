import type { Logger } from 'pino'
import type { AffinityRecord } from '../stores/affinity-record.js'
import type { AffinityStore } from '../stores/affinity-store.js'
import type { WriteBackRemover } from '../stores/write-back-remover.js'
import type { ClearGuard } from './affinity-clearer.js'

/** Milliseconds between two looks, and without a removal after which a clear of everything counts as done. */
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
  readonly keys: ReadonlyMap<string, number> | undefined
  /** Unix milliseconds. */
  closesAt: number
  /** Removals under way. Until they end, what is there may simply not have been removed yet: they count it. */
  removing: number
  lastRemovalAt: number
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
  /** This store; its removals say how each clear went. */
  guarding(store: AffinityStore): AffinityStore
  /** A record that has just been read. */
  seen(record: AffinityRecord): void
  /** Write-backs removed since the start. */
  readonly removedAgain: number
  close(): void
}

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
 * with its old `created_at`: within the window it is removed again. A new pin has a later `created_at` and lives. A clear
 * that fails is guarded no longer: what was reported as failed must not happen afterwards.
 */
export function createWriteBackGuard(deps: WriteBackGuardDeps): WriteBackGuard {
  const { remover, now, log } = deps
  const windowMs = deps.windowSeconds * 1_000
  const guarded = new Set<Guarded>()
  let removedAgain = 0
  let timer: NodeJS.Timeout | undefined
  let isLooking = false

  function guard(keys: ReadonlyMap<string, number> | undefined): void {
    if (windowMs === 0) return
    const beganAt = now()
    guarded.add({
      keys,
      boundOf: keys ? (key) => keys.get(key) : () => beganAt / 1_000,
      closesAt: beganAt + windowMs,
      removing: 0,
      lastRemovalAt: beganAt,
      suspects: new Map(),
    })
    timer ??= setInterval(() => void look(), LOOK_EVERY_MS).unref()
  }

  function seen({ key, createdAt }: AffinityRecord): void {
    for (const clear of guarded) {
      const bound = clear.boundOf(key)
      if (bound === undefined || createdAt > bound) continue
      clear.suspects.set(key, bound)
      // At once, where nothing speaks against it.
      if (isDone(clear)) queueMicrotask(() => void removeSuspects(clear))
    }
  }

  const isDone = ({ keys, removing, lastRemovalAt }: Guarded): boolean =>
    removing === 0 && (keys !== undefined || now() - lastRemovalAt >= LOOK_EVERY_MS)

  async function look(): Promise<void> {
    if (isLooking) return
    isLooking = true
    try {
      for (const clear of guarded) {
        if (!deps.isFollowed()) await readGuarded(clear)
        if (isDone(clear)) await removeSuspects(clear)
        if (clear.removing === 0 && now() > clear.closesAt) guarded.delete(clear)
      }
    } catch (error) {
      // It is tried again at the next look.
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

  /** The latest clear that a removal of this key belongs to. */
  const clearOf = (key: string | undefined): Guarded | undefined =>
    key === undefined ? undefined : [...guarded].findLast(({ boundOf }) => boundOf(key) !== undefined)

  /** @param isGone whether the removal's result means that what was meant to go has gone */
  async function during<T>(
    key: string | undefined,
    removal: () => Promise<T>,
    isGone: (result: T) => boolean,
  ): Promise<T> {
    const clear = clearOf(key)
    if (!clear) return removal()
    clear.removing += 1
    let succeeded = false
    try {
      const result = await removal()
      succeeded = isGone(result)
      return result
    } finally {
      clear.removing -= 1
      clear.lastRemovalAt = now()
      clear.closesAt = now() + windowMs
      if (!succeeded) guarded.delete(clear)
      else if (isDone(clear)) void removeSuspects(clear)
    }
  }

  async function* guardedKeys(store: AffinityStore): AsyncGenerator<readonly string[]> {
    try {
      yield* store.allKeys()
    } catch (error) {
      for (const clear of guarded) if (clear.keys === undefined) guarded.delete(clear)
      throw error
    }
  }

  return {
    willClear(records) {
      if (records.length > 0) guard(new Map(records.map(({ key, createdAt }) => [key, createdAt])))
    },
    willClearAll: () => guard(undefined),
    guarding: (store) => ({
      storageType: store.storageType,
      readAll: (options) => store.readAll(options),
      read: (keys) => store.read(keys),
      allKeys: () => guardedKeys(store),
      remove: (keys) =>
        during(
          keys[0],
          () => store.remove(keys),
          () => true,
        ),
      removePinned: (key, endpointId) => during(key, () => store.removePinned(key, endpointId), Boolean),
    }),
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
