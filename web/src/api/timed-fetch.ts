/** A server that is only slow answers a query within this time, or stops it. It finishes each clear. */
export const ANSWER_MS = 60_000
export const CLEAR_MS = 300_000

/**
 * Returns a signal that also ends a request that gets no answer: a hung server keeps its connections open for ever.
 * @param ms milliseconds
 */
export const withTimeout = (signal: AbortSignal | null | undefined, ms = ANSWER_MS): AbortSignal => {
  const timeout = AbortSignal.timeout(ms)
  return signal ? AbortSignal.any([signal, timeout]) : timeout
}

export const isTimeout = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'TimeoutError'
