import { AffinityqlError } from './errors.js'

/** A query is sent at most four times, with these pauses in between, in milliseconds. */
const ATTEMPTS = 4
const PAUSE_MS = { first: 250, longest: 8_000 } as const
/** If the server asks for a longer pause than this, in seconds, the caller gets its error instead. */
const LONGEST_RETRY_AFTER_SECONDS = 30

const WORTH_ANOTHER_TRY = new Set([
  'NETWORK_ERROR',
  'TIMEOUT',
  'CACHE_UNAVAILABLE',
  'DATABASE_UNAVAILABLE',
  'RATE_LIMITED',
  'OVERLOADED',
])
const PASSING_STATUS = new Set([429, 502, 503, 504])

/** Returns an exponential back-off with a jitter of a quarter, so that clients do not come back all at once. */
export const backOffMs = (attempt: number): number =>
  Math.min(PAUSE_MS.first * 2 ** attempt, PAUSE_MS.longest) * (0.75 + Math.random() / 2)

/** Waits for so many milliseconds. It rejects with ABORTED when the signal ends it. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer)
      reject(aborted(signal))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  })
}

export const aborted = (signal: AbortSignal | undefined): AffinityqlError =>
  new AffinityqlError('The operation was aborted.', { code: 'ABORTED', cause: signal?.reason })

/**
 * Returns the milliseconds until another try may help, or undefined if none will.
 * @param longestSeconds nobody waits longer, if the server asks for a longer pause
 */
export function pauseAfter(
  error: unknown,
  attempt: number,
  longestSeconds = LONGEST_RETRY_AFTER_SECONDS,
): number | undefined {
  if (!(error instanceof AffinityqlError)) return undefined
  const passes =
    error.status !== undefined && error.errors.length === 0
      ? PASSING_STATUS.has(error.status)
      : WORTH_ANOTHER_TRY.has(error.code)
  // A partial answer is not tried again: another try would bring the same part, unless the server only had no time for it.
  if (!passes || (hasData(error.data) && error.code !== 'OVERLOADED')) return undefined
  const { retryAfterSeconds } = error
  if (retryAfterSeconds === undefined) return backOffMs(attempt)
  if (retryAfterSeconds > longestSeconds) return undefined
  // All who were refused at once must not come back at once.
  return retryAfterSeconds * 1_000 + (error.code === 'OVERLOADED' ? backOffMs(attempt) : 0)
}

export const hasData = (data: unknown): boolean => typeof data === 'object' && data !== null

/** Runs a function again while its error says that another try may help. The function must be safe to repeat. */
export async function retrying<T>(
  run: () => Promise<T>,
  signal: AbortSignal | undefined,
  attempts = ATTEMPTS,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      const ms = attempt + 1 < attempts ? pauseAfter(error, attempt) : undefined
      if (ms === undefined) throw error
      await pause(ms, signal)
    }
  }
}
