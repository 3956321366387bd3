import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { createChangeFilter } from '../../log/change-filter.js'
import { createPacedLine } from '../../log/paced.js'
import { toCacheError } from '../../redis/cache-errors.js'
import type { RedisClient } from '../../redis/client.js'
import type { MemoryKeyspace } from '../../redis/memory-keyspace.js'
import { batchesOf } from '../../util/batches.js'
import { encodeKey } from '../../util/key-bytes.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { AffinityStore } from '../affinity-store.js'
import type { KeyFamilies } from '../key-families.js'
import { isWriteBackOf, type Removed } from '../write-back.js'
import type { ClearGuard, GuardedWalk } from './affinity-clearer.js'

/** Milliseconds between two checks of the guarded clears. */
const CHECK_EVERY_MS = 250
/** Keys of one read, used while the index does not follow the cache. */
const READ_BATCH = 1_000
/** Removals sent at the same time. */
const REMOVALS = 100
/** A gateway's worker keeps a record in memory for so many milliseconds after each use. */
const MEMORY_MS = 3_000
/** Milliseconds between two looks for what has come back, after the window. */
const LOOK_EVERY_MS = 100

/** One guarded clear, from before it begins until its window closes. */
interface Guarded {
  /** The guarded keys, each with what was removed. */
  readonly bounds: Map<string, Removed>
  /** True for a clear of everything, of whose keys few are looked for by reading what is there. */
  readonly isOfAll: boolean
  /**
   * The end of the window in Unix milliseconds; undefined while the clear runs. Until then suspects are not removed: the
   * clear itself will remove and count them.
   */
  closesAt: number | undefined
  /** Keys that were seen with a write-back. */
  readonly suspects: Map<string, Removed>
  readonly group: Group
}

/** The guarded removals of one clear. */
interface Group {
  readonly options: WatchOptions
  /** Guarded removals whose window is open. */
  open: number
  /** True if no further removal belongs to this clear. */
  hasEnded: boolean
  /** Keys whose write-back was seen, each with what was removed and the Unix milliseconds of the latest. */
  readonly returned: Map<string, { readonly removed: Removed; readonly at: number }>
  /** Keys that came back after the window. */
  readonly again: Set<string>
  readonly tell: (writtenBack: number | null) => void
}

export interface WatchOptions {
  /** False: write-backs are counted and stay, since nothing reads them. */
  readonly removes: boolean
  /** Called with each write-back that is seen after the removal, before it is removed again. */
  readonly onReturned?: (record: AffinityRecord) => void
}

/** Guards the removals of one clear, and counts what comes back. */
export interface ClearWatch extends ClearGuard {
  /** Nothing more is removed for this clear. Call it once. */
  end(): void
  /**
   * The number of write-backs that are still there at the end of the window; null if there is no window, or if it was cut
   * short. A worker that wrote back last within the time of its memory gets that time again to show that it goes on.
   */
  readonly writtenBack: Promise<number | null>
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
  watch(options: WatchOptions): ClearWatch
  /** Checks a record that was just read. */
  seen(record: AffinityRecord): void
  /** Returns true for a record that a clear whose window is open has removed, and a gateway has written back. */
  isWriteBack(record: AffinityRecord): boolean
  /** Returns true for a record that a clear whose window is open was to remove, and that is what it was then. */
  isCleared(record: AffinityRecord): boolean
  /** The number of write-backs removed since the start. */
  readonly removedAgain: number
  /** The number of guarded removals that run, whose window is open, or of which it is being counted what came back. */
  readonly windows: number
  /** Waits until there is none. @returns false if that takes longer than these milliseconds */
  settled(withinMs: number): Promise<boolean>
  close(): void
}

const UNGUARDED: GuardedWalk = { during: (run) => run(), spare: () => {}, found: () => {} }

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
  /** Clears whose window is over, and that are counted. */
  const finishing = new Set<Group>()
  const troubles = createChangeFilter()
  // A worker that goes on with a pin writes it back at each of its requests.
  const tellRemovedAgain = createPacedLine((count) =>
    log.info({ count }, 'cleared affinities were written back by a gateway; removed again'),
  )
  let removedAgain = 0
  let timer: NodeJS.Timeout | undefined
  let isChecking = false

  const groups = new Set<Group>()

  function guard(group: Group, records: readonly AffinityRecord[] | undefined): GuardedWalk {
    if (windowMs === 0 || records?.length === 0) return UNGUARDED
    const bounds = new Map<string, Removed>()
    const found = (some: readonly AffinityRecord[]) => {
      for (const { key, createdAt, requestCount } of some) bounds.set(key, { createdAt, requestCount })
    }
    found(records ?? [])
    const clear: Guarded = {
      bounds,
      isOfAll: records === undefined,
      closesAt: undefined,
      suspects: new Map(),
      group,
    }
    guarded.add(clear)
    group.open += 1
    timer ??= setInterval(() => void check(), CHECK_EVERY_MS).unref()
    return {
      found,
      async during(run) {
        try {
          const result = await run()
          clear.closesAt = now() + windowMs
          // What nobody removes is told once: the look at the end decides about what was seen before.
          if (!group.options.removes) {
            for (const [key, removed] of clear.suspects) group.returned.set(key, { removed, at: now() })
          }
          void removeSuspects(clear)
          return result
        } catch (error) {
          forget(clear)
          throw error
        }
      },
      spare(spared) {
        for (const key of spared) {
          bounds.delete(key)
          clear.suspects.delete(key)
        }
      },
    }
  }

  function forget(clear: Guarded): void {
    if (!guarded.delete(clear)) return
    clear.group.open -= 1
    void finishIfOver(clear.group)
  }

  function seen(record: AffinityRecord): void {
    const { key } = record
    for (const clear of guarded) {
      const removed = clear.bounds.get(key)
      if (removed === undefined || !isWriteBackOf(removed, record, !clear.group.options.removes)) continue
      clear.suspects.set(key, removed)
      if (clear.closesAt === undefined) continue
      clear.group.returned.set(key, { removed, at: now() })
      clear.group.options.onReturned?.(record)
      // Once the clear has ended, a write-back is removed at once and not only at the next check.
      queueMicrotask(() => void removeSuspects(clear))
    }
    for (const { returned, again, options } of finishing) {
      if (isWriteBackOf(returned.get(key)?.removed, record, !options.removes)) again.add(key)
    }
  }

  const isWriteBack = (record: AffinityRecord): boolean => {
    for (const { bounds, group } of guarded) {
      if (isWriteBackOf(bounds.get(record.key), record, !group.options.removes)) return true
    }
    return false
  }

  const isCleared = ({ key, createdAt }: AffinityRecord): boolean => {
    for (const { bounds } of guarded) if (bounds.get(key)?.createdAt === createdAt) return true
    return false
  }

  async function check(): Promise<void> {
    if (isChecking) return
    isChecking = true
    try {
      for (const clear of guarded) {
        const closes = clear.closesAt !== undefined && now() > clear.closesAt
        // What nobody removes needs one look alone, at the end.
        if (!deps.isFollowed() && (clear.group.options.removes || closes)) await readGuarded(clear)
        if (clear.closesAt === undefined) continue
        await removeSuspects(clear)
        if (closes) forget(clear)
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

  /** Counts what is there at the end of the window. */
  async function finishIfOver(group: Group): Promise<void> {
    if (!group.hasEnded || group.open > 0 || !groups.delete(group)) return
    const closedAt = now()
    const { returned } = group
    const mayGoOn = [...returned].filter(([, { at }]) => at > closedAt - MEMORY_MS).map(([key]) => key)
    finishing.add(group)
    try {
      for (;;) {
        // Two workers may write an old pin and a new one in turn: what was seen in between counts as well.
        const there = new Set([...group.again, ...(await stillThere(group))])
        const isSure = !group.options.removes || mayGoOn.every((key) => there.has(key))
        if (isSure || now() > closedAt + MEMORY_MS || !finishing.has(group)) return group.tell(there.size)
        await sleep(LOOK_EVERY_MS, undefined, { ref: false })
      }
    } catch (error) {
      log.warn({ err: error }, 'it could not be counted what a gateway has written back')
      group.tell(null)
    } finally {
      finishing.delete(group)
    }
  }

  async function stillThere({ returned, options }: Group): Promise<ReadonlySet<string>> {
    const there = new Set<string>()
    for (const some of batchesOf([...returned.keys()], READ_BATCH)) {
      const { records } = await deps.store.read(some)
      for (const record of records) {
        if (isWriteBackOf(returned.get(record.key)?.removed, record, !options.removes)) there.add(record.key)
      }
    }
    return there
  }

  async function readGuarded({ bounds, isOfAll }: Guarded): Promise<void> {
    if (isOfAll) {
      for await (const batch of deps.store.readAll()) batch.records.forEach(seen)
      return
    }
    for (const some of batchesOf([...bounds.keys()], READ_BATCH)) {
      const batch = await deps.store.read(some)
      batch.records.forEach(seen)
    }
  }

  async function removeSuspects({ suspects, group }: Guarded): Promise<void> {
    if (!group.options.removes) return
    let count = 0
    while (suspects.size > 0) {
      const some = takeFirst(suspects, REMOVALS)
      const outcomes = await Promise.allSettled(
        some.map(([key, { createdAt }]) => remover.removeNotNewer(key, createdAt)),
      )
      outcomes.forEach((outcome, position) => {
        const suspect = some[position]
        if (outcome.status === 'rejected') {
          if (suspect) suspects.set(...suspect)
        } else if (outcome.value) count += 1
      })
      // The next check tries again.
      if (outcomes.some(({ status }) => status === 'rejected')) break
    }
    removedAgain += count
    if (count === 0) return
    deps.onRemovedAgain?.(count)
    tellRemovedAgain(count)
  }

  function watch(options: WatchOptions): ClearWatch {
    let tell: Group['tell'] = () => {}
    const writtenBack = new Promise<number | null>((resolve) => {
      tell = resolve
    })
    const group: Group = { options, open: 0, hasEnded: false, returned: new Map(), again: new Set(), tell }
    groups.add(group)
    return {
      willClear: (records) => guard(group, records),
      willClearAll: () => guard(group, undefined),
      end() {
        group.hasEnded = true
        // Without a window nobody has looked.
        if (windowMs === 0) tell(null)
        void finishIfOver(group)
      },
      writtenBack,
    }
  }

  /** For removals of which nobody asks what comes back. */
  const unasked = (): ClearWatch => {
    const one = watch({ removes: true })
    one.end()
    return one
  }

  return {
    watch,
    willClear: (records) => unasked().willClear(records),
    willClearAll: () => unasked().willClearAll(),
    seen,
    isWriteBack,
    isCleared,
    get removedAgain() {
      return removedAgain
    },
    get windows() {
      return guarded.size + finishing.size
    },
    async settled(withinMs) {
      const until = performance.now() + withinMs
      while (guarded.size + finishing.size > 0) {
        if (performance.now() >= until) return false
        await sleep(LOOK_EVERY_MS)
      }
      return true
    },
    close() {
      clearInterval(timer)
      guarded.clear()
      for (const group of [...groups, ...finishing]) group.tell(null)
      groups.clear()
      finishing.clear()
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
      return (await client.eval(REMOVE_NOT_NEWER, 1, encodeKey(key), String(createdAt), field)) === 1
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
