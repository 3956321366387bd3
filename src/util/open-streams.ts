import { RateLimitedError } from '../errors.js'

/** Open subscriptions of the whole process, and of one viewer: each costs memory for as long as it lasts. */
export const STREAM_LIMITS = { all: 500, perViewer: 50 } as const
/** When a refused client may try again, in seconds. */
const RETRY_AFTER_SECONDS = 10

export interface Stream {
  /** Aborted when the service is about to stop. */
  readonly signal: AbortSignal
  close(): void
}

/** The subscriptions that are open, so that there are not too many and a stop does not wait for them. */
export interface Streams {
  /** @throws RateLimitedError where too many are open */
  open(viewerName: string): Stream
  closeAll(): void
  readonly size: number
}

export function createStreams(): Streams {
  const open = new Map<AbortController, string>()
  const countOf = (viewerName: string) => [...open.values()].filter((name) => name === viewerName).length

  return {
    open(viewerName) {
      if (open.size >= STREAM_LIMITS.all || countOf(viewerName) >= STREAM_LIMITS.perViewer) {
        throw new RateLimitedError(RETRY_AFTER_SECONDS, 'Too many subscriptions are open.')
      }
      const controller = new AbortController()
      open.set(controller, viewerName)
      return { signal: controller.signal, close: () => open.delete(controller) }
    },
    closeAll() {
      for (const controller of open.keys()) controller.abort()
    },
    get size() {
      return open.size
    },
  }
}
