import type { Context } from '../context.js'
import { OverloadedError } from '../errors.js'
import {
  type BatchedIterator,
  type BoundedStream,
  createBoundedStream,
  transformed,
} from '../util/bounded-stream.js'
import type { MaybePromise } from '../util/promises.js'

/** Milliseconds in which a reader that was too slow may take the reason before its connection is closed. */
const LAST_WORD_MS = 10_000
const tooSlow = () =>
  new OverloadedError(
    1,
    'Events came faster than they were taken, so that this stream has ended: read the list anew.',
  )

/**
 * Opens a stream. It ends when its client disconnects or reads too slowly, or when the service stops. It fails when its
 * viewer may not read any more or cannot be checked.
 * @param begin starts to push events, and returns a function that stops it
 */
export async function openStream<T, U>(
  context: Context,
  begin: (stream: BoundedStream<T>) => () => void,
  transform: (item: T) => MaybePromise<U | undefined>,
): Promise<BatchedIterator<U>> {
  const viewer = await context.viewer()
  context.stopped.throwIfAborted()
  const registration = context.streams.open(viewer.key)
  let stop = () => {}
  const stream = createBoundedStream<T>((reason) => {
    endWatch()
    stop()
    registration.close()
    // A reader that takes the reason has ended the stream before.
    if (reason === 'slow') setTimeout(() => context.disconnect(), LAST_WORD_MS).unref()
  }, tooSlow)
  const endWatch = context.watchViewer(stream.fail)
  for (const signal of [registration.signal, context.stopped]) {
    signal.addEventListener('abort', () => stream.end(), { once: true })
  }
  try {
    stop = begin(stream)
  } catch (error) {
    stream.end()
    throw error
  }
  return transformed(stream, transform)
}
