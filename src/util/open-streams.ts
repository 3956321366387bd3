import { RateLimitedError } from '../errors.js'

/** The maximum number of open subscriptions, in all and for one viewer: each costs memory while it is open. */
export const STREAM_LIMITS = { all: 500, perViewer: 50 } as const
/** Seconds after which a refused client may try again. */
const RETRY_AFTER_SECONDS = 10

export interface Stream {
  /** Aborted when the service is about to stop. */
  readonly signal: AbortSignal
  close(): void
}

/** Counts and limits the open subscriptions, and closes them when the service stops. */
export interface Streams {
  /** Registers a subscription. @throws RateLimitedError if too many are open */
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
