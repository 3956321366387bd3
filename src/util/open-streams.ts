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
  /** Registers a subscription of the viewer with this key. @throws RateLimitedError if too many are open */
  open(viewerKey: string): Stream
  closeAll(): void
  readonly size: number
}

export function createStreams(): Streams {
  const open = new Map<AbortController, string>()
  const countOf = (viewerKey: string) => [...open.values()].filter((key) => key === viewerKey).length

  return {
    open(viewerKey) {
      if (open.size >= STREAM_LIMITS.all || countOf(viewerKey) >= STREAM_LIMITS.perViewer) {
        throw new RateLimitedError(RETRY_AFTER_SECONDS, 'Too many subscriptions are open.')
      }
      const controller = new AbortController()
      open.set(controller, viewerKey)
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
