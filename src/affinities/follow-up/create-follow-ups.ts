import type { KnownRemoval } from '../affinity-changes.js'
import type { AffinityRecord } from '../affinity-record.js'
import { isWriteBackOf } from '../write-back.js'
import { ClearFigures, type FollowedClear } from './clear-figures.js'
import {
  FOLLOWED_MS,
  type FollowUpFeed,
  type FollowUpListener,
  type FollowUps,
  type TrackedClear,
} from './follow-up.js'
import { type Digest, digestOf, NO_SLOT, TrackedKeys } from './tracked-keys.js'

/** Affinities that are followed, of all clears together: some 70 MB. */
const MAX_AFFINITIES = 1_000_000
const MAX_CLEARS = 10_000

/** The affinity was seen since it was removed. */
const SEEN = 1
/** What was seen is a write-back, which may be removed again: it does not count yet. */
const PROVISIONAL = 2
/** The feed has told of the removal. */
const REPORTED = 4
/** The affinity is not followed after all. */
const SPARED = 8

export interface FollowUpsDeps {
  /** Unix milliseconds. */
  readonly now: () => number
  /** Whether changes are seen. A clear that begins while they are not is not followed. */
  readonly isFollowed: () => boolean
  /** Told when the follow-up of a clear makes room for that of a later one, or is too large. */
  readonly onDropped?: (auditEventId: string) => void
  /** Default 1,000,000. */
  readonly maxAffinities?: number
  /** Default 10,000. */
  readonly maxClears?: number
}

/** The follow-ups of all clears, with what metrics show of them. */
export interface KeptFollowUps extends FollowUps, FollowUpFeed {
  readonly figures: { readonly affinities: number; readonly clears: number; readonly dropped: number }
}

const NOT_FOLLOWED: TrackedClear = {
  willRemove() {},
  spare() {},
  doubt() {},
  end() {},
  settle() {},
}

/**
 * Keeps for an hour which affinities each clear removed, as digests of their keys, and where each of them was pinned last.
 * The identity of an affinity is its key, whatever its family, so that no key is taken apart here.
 */
export function createFollowUps(deps: FollowUpsDeps): KeptFollowUps {
  const { now } = deps
  const maxAffinities = deps.maxAffinities ?? MAX_AFFINITIES
  const maxClears = deps.maxClears ?? MAX_CLEARS
  const keys = new TrackedKeys()
  /** By their numbers, oldest first. */
  const clears = new Map<number, FollowedClear>()
  const byEvent = new Map<string, FollowedClear>()
  let lastNumber = 0
  let dropped = 0
  /** A running clear that removes more than is kept: of what is cleared and not known, it is the likely cause. */
  let tooLarge: FollowedClear | undefined

  const pinOf = (slot: number) => ({
    provider: keys.get('providerId', slot),
    providerKey: keys.get('providerKeyId', slot),
  })
  const seenPinOf = (slot: number) => ({
    provider: keys.get('seenProviderId', slot),
    providerKey: keys.get('seenProviderKeyId', slot),
  })
  const counts = (flags: number): boolean => (flags & (SEEN | PROVISIONAL)) === SEEN
  const clearOf = (slot: number): FollowedClear | undefined => clears.get(keys.get('clear', slot))
  const tell = ({ listeners }: FollowedClear) => {
    for (const listener of listeners) listener.changed()
  }

  /** Sets what was seen of an affinity, and keeps the counts of its clear right. */
  function setFlags(slot: number, flags: number, { figures }: FollowedClear): void {
    const apiKey = keys.get('affinityKey', slot)
    const before = keys.flags(slot)
    if (counts(before) && !counts(flags)) figures.count(-1, apiKey, pinOf(slot), seenPinOf(slot))
    else if (!counts(before) && counts(flags)) figures.count(1, apiKey, pinOf(slot), seenPinOf(slot))
    keys.setFlags(slot, flags)
  }

  function setSeen(slot: number, record: AffinityRecord, isProvisional: boolean, clear: FollowedClear): void {
    const { names } = clear.figures
    const provider = names.numberOf(record.providerId)
    const providerKey = names.numberOf(record.providerKeyId)
    const before = keys.flags(slot)
    const flags = (before & ~PROVISIONAL) | SEEN | (isProvisional ? PROVISIONAL : 0)
    const seen = seenPinOf(slot)
    if (flags === before && seen.provider === provider && seen.providerKey === providerKey) return
    setFlags(slot, before & ~SEEN, clear)
    keys.set('seenProviderId', slot, provider)
    keys.set('seenProviderKeyId', slot, providerKey)
    setFlags(slot, flags, clear)
    if (counts(before) || counts(flags)) tell(clear)
  }

  /** Forgets what was seen of an affinity: it is what this clear removes. */
  function setUnseen(slot: number, flags: number, clear: FollowedClear): void {
    const before = keys.flags(slot)
    setFlags(slot, flags, clear)
    if (counts(before)) tell(clear)
  }

  const removedOf = (slot: number) => ({
    createdAt: keys.createdAt(slot),
    requestCount: keys.get('requestCount', slot),
  })

  function setRemoved(slot: number, record: AffinityRecord, { figures: { names } }: FollowedClear): void {
    keys.setCreatedAt(slot, record.createdAt)
    keys.set('requestCount', slot, record.requestCount)
    keys.set('providerId', slot, names.numberOf(record.providerId))
    keys.set('providerKeyId', slot, names.numberOf(record.providerKeyId))
  }

  /** Returns the slot of a key that a clear removes, or NO_SLOT. */
  function slotOf(digest: Digest, clear: FollowedClear): number {
    let slot = keys.first(digest)
    while (slot !== NO_SLOT && keys.get('clear', slot) !== clear.number) slot = keys.next(slot, digest)
    return slot
  }

  function add(record: AffinityRecord, clear: FollowedClear): void {
    const digest = digestOf(record.key)
    let slot = slotOf(digest, clear)
    if (slot === NO_SLOT) {
      if (!makeRoom(clear)) return
      slot = keys.add(digest)
      const apiKey = clear.figures.names.numberOf(record.affinityKey)
      keys.set('clear', slot, clear.number)
      keys.set('affinityKey', slot, apiKey)
      keys.set('nextOfClear', slot, clear.head)
      clear.head = slot
      clear.figures.add(apiKey)
    } else {
      // It is removed once more, perhaps from another target.
      setUnseen(slot, 0, clear)
    }
    setRemoved(slot, record, clear)
  }

  function makeRoom(clear: FollowedClear): boolean {
    while (keys.size >= maxAffinities) {
      const oldest = [...clears.values()].find(({ hasEnded }) => hasEnded)
      drop(oldest ?? clear)
      if (oldest !== undefined) continue
      tooLarge = clear
      return false
    }
    return true
  }

  function spare(slot: number, clear: FollowedClear): void {
    setFlags(slot, SPARED, clear)
    clear.figures.remove(keys.get('affinityKey', slot))
    keys.unlink(slot)
  }

  /** Makes room. */
  function drop(clear: FollowedClear): void {
    dropped += 1
    forget(clear)
    deps.onDropped?.(clear.auditEventId)
  }

  function forget(clear: FollowedClear): void {
    clear.isForgotten = true
    clears.delete(clear.number)
    byEvent.delete(clear.auditEventId)
    for (let slot = clear.head; slot !== NO_SLOT; ) {
      const next = keys.get('nextOfClear', slot)
      if ((keys.flags(slot) & SPARED) === 0) keys.unlink(slot)
      keys.free(slot)
      slot = next
    }
    clear.head = NO_SLOT
    for (const { forgotten } of clear.listeners) forgotten()
    clear.listeners.clear()
  }

  /** Forgets the clears that are over. Nearly always one look at the oldest is enough. */
  function prune(): void {
    const until = now() - FOLLOWED_MS
    for (const clear of clears.values()) {
      if (clear.since > until) return
      if (clear.hasEnded) forget(clear)
    }
  }

  function ended(auditEventId: string): FollowedClear | undefined {
    prune()
    const clear = byEvent.get(auditEventId)
    return clear?.hasEnded ? clear : undefined
  }

  return {
    open(auditEventId, { isMirror }) {
      prune()
      if (!deps.isFollowed()) return NOT_FOLLOWED
      if (clears.size >= maxClears) {
        const [oldest] = clears.values()
        if (oldest) drop(oldest)
      }
      lastNumber += 1
      const clear: FollowedClear = {
        auditEventId,
        number: lastNumber,
        since: now(),
        isMirror,
        figures: new ClearFigures(),
        listeners: new Set(),
        head: NO_SLOT,
        hasEnded: false,
        isSettled: false,
        isForgotten: false,
      }
      clears.set(clear.number, clear)
      byEvent.set(auditEventId, clear)
      const each = (some: readonly string[], act: (slot: number) => void) => {
        for (const key of some) {
          const slot = clear.isForgotten ? NO_SLOT : slotOf(digestOf(key), clear)
          if (slot !== NO_SLOT) act(slot)
        }
      }
      return {
        willRemove(records) {
          for (const record of records) if (!clear.isForgotten) add(record, clear)
        },
        spare: (some) => each(some, (slot) => spare(slot, clear)),
        doubt: (some) => each(some, (slot) => (keys.flags(slot) & REPORTED) === 0 && spare(slot, clear)),
        end() {
          clear.hasEnded = true
          if (tooLarge === clear) tooLarge = undefined
        },
        settle() {
          clear.isSettled = true
          for (let slot = clear.head; slot !== NO_SLOT; slot = keys.get('nextOfClear', slot)) {
            const flags = keys.flags(slot)
            if ((flags & PROVISIONAL) !== 0) setFlags(slot, flags & ~PROVISIONAL, clear)
          }
          tell(clear)
        },
      }
    },

    find(auditEventId) {
      const clear = ended(auditEventId)
      return clear?.figures.followUp(clear.since, clear.since + FOLLOWED_MS)
    },

    watch(auditEventId, listener: FollowUpListener) {
      const clear = ended(auditEventId)
      if (!clear) return undefined
      // A new object for each call: a listener that watches twice stops each alone.
      const own = { ...listener }
      clear.listeners.add(own)
      return () => clear.listeners.delete(own)
    },

    seen(record) {
      if (keys.size === 0) return
      prune()
      const digest = digestOf(record.key)
      for (let slot = keys.first(digest); slot !== NO_SLOT; slot = keys.next(slot, digest)) {
        const clear = clearOf(slot)
        if (!clear) continue
        const mayGo = !clear.isSettled && isWriteBackOf(removedOf(slot), record, clear.isMirror)
        // An old pin that is written over a new one does not undo what was seen.
        if (mayGo && counts(keys.flags(slot))) continue
        setSeen(slot, record, mayGo, clear)
      }
    },

    removed(record, isCleared) {
      let known: KnownRemoval | undefined =
        isCleared && tooLarge ? { clear: tooLarge, isFirst: true } : undefined
      if (keys.size === 0) return known
      const digest = digestOf(record.key)
      for (let slot = keys.first(digest); slot !== NO_SLOT; slot = keys.next(slot, digest)) {
        const clear = clearOf(slot)
        if (!clear) continue
        const flags = keys.flags(slot)
        const isFirst = (flags & REPORTED) === 0
        const isOld = record.createdAt <= keys.createdAt(slot)
        // What a clear removes may have been pinned elsewhere since it was chosen.
        const isNew = !isOld && isCleared && isFirst && !clear.hasEnded
        if (!isOld && !isNew) continue
        if (isFirst || (flags & PROVISIONAL) !== 0) setUnseen(slot, REPORTED, clear)
        if (isNew) setRemoved(slot, record, clear)
        // The latest clear is the first slot: it has removed the record, and not one before it.
        known ??= { clear, isFirst }
      }
      return known
    },

    get figures() {
      prune()
      return { affinities: keys.size, clears: clears.size, dropped }
    },
  }
}
