import { setImmediate as nextTurn } from 'node:timers/promises'
import type { MaybePromise } from './promises.js'

/**
 * Items that may wait for a slow reader; beyond it the reader is dropped. A clear produces some thousands of events faster
 * than they can be written, which must not drop anybody. An item costs one pointer, since all readers share the objects.
 */
const MAX_WAITING = 10_000

/** An iterator that also gives what waits already, without a promise for each item. */
export interface BatchedIterator<T> extends AsyncIterableIterator<T> {
  /** Takes the next item if one waits. A promise of an item is one that is looked at first, and may be left out. */
  ready(): MaybePromise<T | undefined> | undefined
}

/** Milliseconds for which all streams together may hand out items before they yield to the event loop. */
const SLICE_MS = 10
let sliceEndsAt = 0
let turn: Promise<void> | undefined

/**
 * Yields to the event loop, once for all streams. Without this, the events of a large clear with many readers would block
 * all other requests.
 */
const yieldToOthers = (): Promise<void> => {
  turn ??= nextTurn().then(() => {
    turn = undefined
    sliceEndsAt = performance.now() + SLICE_MS
  })
  return turn
}

export interface BoundedStream<T> extends AsyncIterableIterator<T> {
  /** The number of items that the reader has not taken yet. */
  readonly waiting: number
  /** Adds an item. Returns false if the stream has ended, also because the reader was too slow and lost its items. */
  push(item: T): boolean
  end(): void
  /** Takes the next item if one waits; undefined if none does. */
  take(): T | undefined
  /** Ends the stream with an error, after the items that wait. */
  readonly fail: (error: unknown) => void
}

/**
 * Creates a bounded queue between a fast source and a reader that may be slow. A reader that falls behind by more than the
 * bound is dropped, so that memory stays limited. It is not a generator, because a waiting generator notices only at its
 * next item that its reader has gone.
 * @param onEnd called once when the stream ends, for whatever reason
 * @param tooSlow makes the error that a reader who fell behind gets in place of the items that it lost
 */
export function createBoundedStream<T>(
  onEnd: (reason: 'ended' | 'slow') => void,
  tooSlow: () => Error,
  bound = MAX_WAITING,
): BoundedStream<T> {
  let queue: T[] = []
  /** The number of items at the beginning of `queue` that were taken already. */
  let taken = 0
  let wake = () => {}
  let ended = false
  let failure: { readonly error: unknown } | undefined

  const end = (reason: 'ended' | 'slow', keepQueue: boolean) => {
    if (!keepQueue) {
      queue = []
      taken = 0
    }
    if (ended) return
    ended = true
    onEnd(reason)
    wake()
  }

  const waiting = () => queue.length - taken

  /** Takes an item. The rest is copied only when it is shorter than what was taken: amortised constant time. */
  const take = (): T | undefined => {
    const item = queue[taken]
    if (item === undefined) return undefined
    taken += 1
    if (taken * 2 > queue.length) {
      queue = queue.slice(taken)
      taken = 0
    }
    return item
  }

  return {
    get waiting() {
      return waiting()
    },
    push(item) {
      if (ended) return false
      if (waiting() >= bound) {
        failure = { error: tooSlow() }
        end('slow', false)
        return false
      }
      queue.push(item)
      wake()
      return true
    },
    end: () => end('ended', true),
    take,
    fail(error) {
      if (!ended) failure = { error }
      end('ended', true)
    },
    async next() {
      while (waiting() === 0 && !ended) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      if (waiting() > 0 && performance.now() > sliceEndsAt) await yieldToOthers()
      const item = take()
      if (item === undefined && failure) {
        const { error } = failure
        failure = undefined
        throw error
      }
      return item === undefined ? { done: true, value: undefined } : { done: false, value: item }
    },
    async return() {
      failure = undefined
      end('ended', false)
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** Transforms the items of a stream; items whose result is undefined are left out. */
export function transformed<T, U>(
  stream: BoundedStream<T>,
  transform: (item: T) => MaybePromise<U | undefined>,
): BatchedIterator<U> {
  /** A stream that has failed is over, whether or not its reader returns it. */
  async function over(error: unknown): Promise<never> {
    await stream.return?.()
    throw error
  }
  return {
    async next() {
      for (;;) {
        const { done, value } = await stream.next()
        if (done) return { done: true, value: undefined }
        try {
          const result = await transform(value)
          if (result !== undefined) return { done: false, value: result }
        } catch (error) {
          return over(error)
        }
      }
    },
    ready() {
      for (let item = stream.take(); item !== undefined; item = stream.take()) {
        try {
          const result = transform(item)
          if (result instanceof Promise) return result.catch(over)
          if (result !== undefined) return result
        } catch (error) {
          return over(error)
        }
      }
      return undefined
    },
    async return() {
      await stream.return?.()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
