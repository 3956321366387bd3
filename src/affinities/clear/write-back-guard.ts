import type { Logger } from 'pino'
import { createChangeFilter } from '../../log/change-filter.js'
import { toCacheError } from '../../redis/cache-errors.js'
import type { RedisClient } from '../../redis/client.js'
import type { MemoryKeyspace } from '../../redis/memory-keyspace.js'
import { batchesOf } from '../../redis/removal.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { AffinityStore } from '../affinity-store.js'
import type { KeyFamilies } from '../key-families.js'
import type { ClearGuard, GuardedClear } from './affinity-clearer.js'

/** Milliseconds between two checks of the guarded clears. */
const CHECK_EVERY_MS = 250
/** Keys of one read, used while the index does not follow the cache. */
const READ_BATCH = 1_000
/** Removals sent at the same time. */
const REMOVALS = 100

/** One guarded clear, from before it begins until its window closes. */
interface Guarded {
  /**
   * Returns a time in Unix seconds: a record of this key that was created then or before is a write-back. Undefined for a
   * key that is not guarded.
   */
  boundOf(key: string): number | undefined
  /** The guarded keys, each with its bound; undefined if every key is guarded. */
  readonly keys: Map<string, number> | undefined
  /**
   * The end of the window in Unix milliseconds; undefined while the clear runs. Until then suspects are not removed: the
   * clear itself will remove and count them.
   */
  closesAt: number | undefined
  /** Keys that were seen with a write-back, each with its bound. */
  readonly suspects: Map<string, number>
}

export interface WriteBackGuardDeps {
  readonly store: AffinityStore
  readonly remover: WriteBackRemover
  /** Seconds after a clear in which write-backs are removed, 0..60; 0 switches the guard off. */
  readonly windowSeconds: number
  /** Whether `seen` is called for every change. While it is not, the guard reads the guarded keys itself. */
  readonly isFollowed: () => boolean
  /** Unix milliseconds. */
  readonly now: () => number
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Receives the number of write-backs that were just removed, more than 0. */
  readonly onRemovedAgain?: (count: number) => void
}

export interface WriteBackGuard extends ClearGuard {
  /** Checks a record that was just read. */
  seen(record: AffinityRecord): void
  /** The number of write-backs removed since the start. */
  readonly removedAgain: number
  close(): void
}

const UNGUARDED: GuardedClear = { during: (run) => run(), spare: () => {} }

/** Takes the first entries out of a map, without copying the whole map, which may hold 100,000. */
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
 * Removes write-backs of cleared records. A gateway's worker keeps a record in memory for seconds, and may write it back
 * with its old `created_at`: within the window it is removed again. A new pin has a later `created_at` and stays.
 */
export function createWriteBackGuard(deps: WriteBackGuardDeps): WriteBackGuard {
  const { remover, now, log } = deps
  const windowMs = deps.windowSeconds * 1_000
  const guarded = new Set<Guarded>()
  const troubles = createChangeFilter()
  let removedAgain = 0
  let timer: NodeJS.Timeout | undefined
  let isChecking = false

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
    timer ??= setInterval(() => void check(), CHECK_EVERY_MS).unref()
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
      // Once the clear has ended, a write-back is removed at once and not only at the next check.
      if (clear.closesAt !== undefined) queueMicrotask(() => void removeSuspects(clear))
    }
  }

  async function check(): Promise<void> {
    if (isChecking) return
    isChecking = true
    try {
      for (const clear of guarded) {
        if (!deps.isFollowed()) await readGuarded(clear)
        if (clear.closesAt === undefined) continue
        await removeSuspects(clear)
        if (now() > clear.closesAt) guarded.delete(clear)
      }
      troubles.ended('check')
    } catch (error) {
      // The next check tries again.
      if (troubles.isNew('check', error))
        log.warn({ err: error }, 'cleared affinities cannot be watched for their return just now')
    } finally {
      isChecking = false
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
    for (const some of batchesOf([...keys.keys()], READ_BATCH)) {
      const batch = await deps.store.read(some)
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
      // The next check tries again.
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

/** Removes affinities that a gateway has written back from its memory. */
export interface WriteBackRemover {
  /**
   * Removes an affinity only if it was created at `createdAt`, in Unix seconds, or before. Comparing and removing are one
   * atomic step, so that a new pin stays.
   * @returns whether it was removed
   * @throws UnavailableError (CACHE_UNAVAILABLE)
   */
  removeNotNewer(key: string, createdAt: number): Promise<boolean>
}

const REMOVE_NOT_NEWER = `
local value = redis.pcall('GET', KEYS[1])
if type(value) ~= 'string' then return 0 end
local ok, record = pcall(cjson.decode, value)
if not ok or type(record) ~= 'table' or type(record[ARGV[2]]) ~= 'number' then return 0 end
if record[ARGV[2]] > tonumber(ARGV[1]) then return 0 end
return redis.call('UNLINK', KEYS[1])`

export const createRedisWriteBackRemover = (
  client: RedisClient,
  families: KeyFamilies,
): WriteBackRemover => ({
  async removeNotNewer(key, createdAt) {
    const field = families.of(key)?.createdAtField
    if (field === undefined) return false
    try {
      return (await client.eval(REMOVE_NOT_NEWER, 1, key, String(createdAt), field)) === 1
    } catch (error) {
      throw toCacheError(error)
    }
  },
})

export const createMemoryWriteBackRemover = (
  keyspace: MemoryKeyspace,
  families: KeyFamilies,
): WriteBackRemover => ({
  async removeNotNewer(key, createdAt) {
    const parsed = families.parse(key, keyspace.get(key) ?? '')
    return 'record' in parsed && parsed.record.createdAt <= createdAt && keyspace.delete(key)
  },
})
