import { setImmediate, setTimeout as sleep } from 'node:timers/promises'

/** Number of steps in which the time is counted. */
const STEPS = 20

/**
 * Resolves after this process has waited for so many milliseconds. A step in which the process was busy, or had no core to
 * run on, counts only once, however long it was: such a process sees every server hang, though the fault is its own.
 */
export async function runningTime(milliseconds: number): Promise<void> {
  for (let step = 0; step < STEPS; step += 1) {
    await sleep(milliseconds / STEPS, undefined, { ref: false })
    // The answer may have arrived but not been read yet.
    await setImmediate()
  }
}
