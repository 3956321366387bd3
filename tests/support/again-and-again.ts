import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Runs something again and again, with a pause in between, until it is stopped. The stop waits for what is under way, so that
 * nothing of it meets a server that has been stopped meanwhile, and throws the error of a run that failed.
 */
export function againAndAgain(pauseMs: number, run: () => Promise<unknown>): () => Promise<void> {
  const end = new AbortController()
  const running = (async () => {
    while (!end.signal.aborted) {
      await run()
      await sleep(pauseMs, undefined, { signal: end.signal }).catch(() => {})
    }
  })()
  // It is thrown by the stop.
  running.catch(() => {})
  return async () => {
    end.abort()
    await running
  }
}
