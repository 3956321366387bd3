import { AffinityqlError } from './errors.js'

/** How often a query is tried in all, and the pauses between, in milliseconds. */
const ATTEMPTS = 4
const PAUSE_MS = { first: 250, longest: 8_000 } as const
/** A server that asks for a longer pause than this has its error passed on instead, in seconds. */
const LONGEST_RETRY_AFTER_SECONDS = 30

const WORTH_ANOTHER_TRY = new Set(['NETWORK_ERROR', 'TIMEOUT', 'CACHE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'])
const PASSING_STATUS = new Set([429, 502, 503, 504])

/** A growing pause, spread by a quarter either way, so that clients that failed together do not come back together. */
export const backOffMs = (attempt: number): number =>
  Math.min(PAUSE_MS.first * 2 ** attempt, PAUSE_MS.longest) * (0.75 + Math.random() / 2)

/** Rejects with ABORTED when the signal ends it. */
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

/** Milliseconds until a try may bring another answer; undefined where it will not. */
export function pauseAfter(error: unknown, attempt: number): number | undefined {
  if (!(error instanceof AffinityqlError)) return undefined
  const passes =
    error.status !== undefined && error.errors.length === 0
      ? PASSING_STATUS.has(error.status)
      : WORTH_ANOTHER_TRY.has(error.code) || error.code === 'RATE_LIMITED'
  // A part of an answer is an answer: another try would bring the same part.
  if (!passes || hasData(error.data)) return undefined
  const { retryAfterSeconds } = error
  if (retryAfterSeconds === undefined) return backOffMs(attempt)
  return retryAfterSeconds <= LONGEST_RETRY_AFTER_SECONDS ? retryAfterSeconds * 1_000 : undefined
}

export const hasData = (data: unknown): boolean => typeof data === 'object' && data !== null

/** Runs what can be run twice, again where that may help. */
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
