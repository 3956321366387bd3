import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { runningNow } from './loop-clock.js'

/** Resolves after this process has been able to run for so many milliseconds; see loop-clock.ts. */
export async function runningTime(milliseconds: number): Promise<void> {
  const until = runningNow() + milliseconds
  for (let left = milliseconds; left > 0; left = until - runningNow()) {
    await sleep(Math.ceil(left), undefined, { ref: false })
  }
  // The answer may have arrived but not been read yet.
  await setImmediate()
}
