import { OverloadedError } from '../errors.js'
import { loopLateness, onLook } from './loop-clock.js'
import { turnLateness } from './own-turn.js'
import { inQuietTurn } from './quiet-turn.js'

export interface AdmissionLimits {
  /** Most operations in flight; 0: no limit. */
  readonly inFlight: number
  /** Most milliseconds that an operation waits until it is its turn to run. */
  readonly waitMs: number
  /** Fewest and most operations that run at a time: most run while they all wait for stores. */
  readonly running: { readonly least: number; readonly most: number }
}

export const ADMISSION: AdmissionLimits = {
  inFlight: 200,
  waitMs: 5_000,
  running: { least: 1, most: 64 },
}

/** Lateness of the event loop, or of the turns that operations wait for, from which on fewer of them run, in milliseconds. */
const LATE_MS = 25
/** Time after which an operation that runs is taken to wait for a store, and lets others run, in milliseconds. */
const LEASE_MS = 100
/**
 * Operations that begin for each one that goes on after it was away: those that are away are the wide ones, of which a hundred
 * would make a small one wait for the rest of each.
 */
const BEGUN_FOR_ONE_BACK = 4
/** Seconds after which a refused client may try again. */
const RETRY_AFTER_SECONDS = 1

/** The place of one operation among those in flight. */
export interface Place {
  /**
   * Resolves when it is the operation's turn to run.
   * @throws OverloadedError if it waits for too long
   */
  enter(): Promise<void>
  /** Lets others run while the operation waits for work that is bounded elsewhere. */
  away<T>(work: () => Promise<T>): Promise<T>
  /** Ends the turn to run; the place stays taken. */
  pause(): void
  /** Gives the place up. */
  leave(): void
}

/** Bounds the operations in flight, and those of them that run at the same time. */
export interface Admission {
  /** @throws OverloadedError if too many operations are in flight */
  open(): Place
  /** Counts an operation whose body is about to be read, until it opens its place in the next turns of the event loop. */
  expect(): void
  readonly inFlight: number
  readonly running: number
  /** Whether one more operation would be refused. */
  readonly isFull: boolean
  close(): void
}

export const overloaded = (): OverloadedError =>
  new OverloadedError(RETRY_AFTER_SECONDS, 'The service has more requests than it can answer.')

type Start = () => void

/**
 * Creates the admission. All operations share one event loop, and each blocks it for its own part: so few run at a time
 * while the loop or their turns come late, and more while they do not, since they then wait for stores (additive increase,
 * multiplicative decrease). Without this, each of hundreds would be answered as late as the last one, and nothing else meanwhile.
 */
export function createAdmission(limits: AdmissionLimits = ADMISSION): Admission {
  const { least, most } = limits.running
  let inFlight = 0
  let expected = 0
  let running = 0
  let atOnce = least
  /** Operations that have not run yet, and operations that were away: four of the former go before one of the latter. */
  const waiting: { readonly fresh: Set<Start>; readonly back: Set<Start> } = {
    fresh: new Set(),
    back: new Set(),
  }
  let begunInRow = 0
  let isStarting = false

  const stopLooking = onLook(() => {
    if (Math.max(loopLateness(), turnLateness()) > LATE_MS) atOnce = Math.max(least, Math.floor(atOnce / 2))
    else if (waiting.fresh.size + waiting.back.size > 0) atOnce = Math.min(most, atOnce + 1)
    startSoon()
  })

  function startNext(): void {
    while (running < atOnce) {
      const isBackDue = begunInRow >= BEGUN_FOR_ONE_BACK
      const [first, second] = isBackDue ? [waiting.back, waiting.fresh] : [waiting.fresh, waiting.back]
      const queue = first.size > 0 ? first : second
      const [start] = queue
      if (start === undefined) return
      begunInRow = queue === waiting.fresh ? begunInRow + 1 : 0
      queue.delete(start)
      start()
    }
  }

  /** Lets the event loop turn between operations. */
  function startSoon(): void {
    if (isStarting || waiting.fresh.size + waiting.back.size === 0) return
    isStarting = true
    inQuietTurn(() => {
      isStarting = false
      startNext()
    })
  }

  const isFull = (others = 0) => limits.inFlight > 0 && inFlight + others >= limits.inFlight

  function createPlace(): Place {
    let endTurn: (() => void) | undefined
    let isOpen = true
    let awayCount = 0

    function begin(): void {
      running += 1
      const lease = setTimeout(() => endTurn?.(), LEASE_MS).unref()
      endTurn = () => {
        endTurn = undefined
        clearTimeout(lease)
        running -= 1
        startSoon()
      }
    }

    /** @param waitMs undefined: as long as it takes */
    function turn(queue: Set<Start>, waitMs?: number): Promise<void> {
      if (running < atOnce && waiting.fresh.size + waiting.back.size === 0) {
        begin()
        return Promise.resolve()
      }
      return new Promise((resolve, reject) => {
        const start = () => {
          clearTimeout(timer)
          // A client that has gone has given its place up.
          if (isOpen) begin()
          resolve()
        }
        const giveUp = () => {
          queue.delete(start)
          reject(overloaded())
        }
        const timer = waitMs === undefined ? undefined : setTimeout(giveUp, waitMs).unref()
        queue.add(start)
        startSoon()
      })
    }

    return {
      enter: () => turn(waiting.fresh, limits.waitMs),
      async away(work) {
        const wasRunning = endTurn !== undefined || awayCount > 0
        if (!wasRunning) return work()
        awayCount += 1
        endTurn?.()
        try {
          return await work()
        } finally {
          awayCount -= 1
          if (awayCount === 0 && isOpen) await turn(waiting.back)
        }
      },
      pause: () => endTurn?.(),
      leave() {
        if (!isOpen) return
        isOpen = false
        inFlight -= 1
        endTurn?.()
      },
    }
  }

  return {
    open() {
      if (isFull()) throw overloaded()
      inFlight += 1
      return createPlace()
    },
    expect() {
      expected += 1
      // The body of almost every request comes in the packet of its headers. A slow one must not take a place.
      setImmediate(() =>
        setImmediate(() => {
          expected -= 1
        }),
      )
    },
    get inFlight() {
      return inFlight
    },
    get running() {
      return running
    },
    get isFull() {
      return isFull(expected)
    },
    close: stopLooking,
  }
}
