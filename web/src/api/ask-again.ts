import { failureKind, passesByItself } from './errors.js'
import { backOff, ready, sleep } from './live-stream.js'

interface AskAgainOptions {
  /** What nobody waits for any more is not asked again. */
  readonly signal: AbortSignal
  /** Called before each pause, with what failed; with undefined before the next question. */
  readonly onWait?: (error: unknown) => void
}

/**
 * Asks until there is an answer, with exponential backoff, as long as the failure is one that passes: a store is away, the
 * server is lost, or somebody has to sign in again.
 * @throws any other failure, and what `ask` throws once the signal aborts
 */
export async function untilAnswered<T>(
  ask: () => Promise<T>,
  { signal, onWait }: AskAgainOptions,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask()
    } catch (error) {
      if (signal.aborted || !isWaitedFor(error)) throw error
      onWait?.(error)
      await unlessAborted(sleep(backOff(attempt)).then(ready), signal)
      onWait?.(undefined)
    }
  }
}

/** @throws the signal's reason as soon as it aborts: nobody waits for the end of an outage to cancel something */
async function unlessAborted(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  let abort = (): void => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason)
  })
  signal.addEventListener('abort', abort)
  try {
    await Promise.race([wait, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

const isWaitedFor = (error: unknown): boolean =>
  passesByItself(error) || ['network', 'session'].includes(failureKind(error))
