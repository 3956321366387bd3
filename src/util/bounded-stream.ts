import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Items that wait for a slow reader before it is dropped. A clear removes some thousands of records faster than they are
 * written out, and is no reason to drop anybody; each takes a word of memory, since all readers share them.
 */
const MAX_WAITING = 10_000

/** How long all streams together may hand out items before others have their turn, in milliseconds. */
const SLICE_MS = 10
let sliceEndsAt = 0
let turn: Promise<void> | undefined

/** One turn for all that wait: items are taken without one, and a clear that many hear of would keep everybody else. */
const othersTurn = (): Promise<void> => {
  turn ??= nextTurn().then(() => {
    turn = undefined
    sliceEndsAt = performance.now() + SLICE_MS
  })
  return turn
}

export interface BoundedStream<T> extends AsyncIterableIterator<T> {
  /** Items that the reader has not taken yet. */
  readonly waiting: number
  /** False where the reader was too slow: the stream has ended, and what waited is gone. */
  push(item: T): boolean
  end(): void
  /** Ends it with an error, after what waits. */
  readonly fail: (error: unknown) => void
}

/**
 * A queue between a fast source and a reader that may be slow. It never holds more than its bound: a reader that falls
 * so far behind is dropped, rather than fed from ever more memory. Not a generator: one of those would not hear that
 * its reader has gone before the next item comes.
 * @param onEnd called once, however it ends
 */
export function createBoundedStream<T>(
  onEnd: (reason: 'ended' | 'slow') => void,
  bound = MAX_WAITING,
): BoundedStream<T> {
  let queue: T[] = []
  /** Items at the queue's beginning that have been taken. */
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

  /** Moves what is left only when that is less than what has been taken: each item is moved once at most, on average. */
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
        end('slow', false)
        return false
      }
      queue.push(item)
      wake()
      return true
    },
    end: () => end('ended', true),
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
      if (waiting() > 0 && performance.now() > sliceEndsAt) await othersTurn()
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

/** The stream's items as `transform` makes them; those that it makes undefined are left out. */
export function transformed<T, U>(
  stream: BoundedStream<T>,
  transform: (item: T) => Promise<U | undefined>,
): AsyncIterableIterator<U> {
  return {
    async next() {
      for (;;) {
        const { done, value } = await stream.next()
        if (done) return { done: true, value: undefined }
        const result = await transform(value)
        if (result !== undefined) return { done: false, value: result }
      }
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
