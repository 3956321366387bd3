/**
 * A clock of the time in which this process could run. It stands still while the event loop is blocked or the process has no
 * core: such a process sees every server hang, though the fault is its own.
 */

/** Milliseconds between two looks at the clock. So much of a longer turn of the event loop counts. */
const TICK_MS = 20

let lookedAt = performance.now()
let ran = 0
let late = 0
const listeners = new Set<() => void>()

function tick(): void {
  const now = performance.now()
  const passed = now - lookedAt
  lookedAt = now
  ran += Math.min(passed, TICK_MS)
  late = Math.max(0, passed - TICK_MS)
  for (const listener of listeners) listener()
}

setInterval(tick, TICK_MS).unref()

/** Returns milliseconds of running time since some moment. */
export const runningNow = (): number => ran + Math.min(performance.now() - lookedAt, TICK_MS)

/** Returns by how many milliseconds the event loop came late to its latest look at the clock, or is late now. */
export const loopLateness = (): number => Math.max(late, performance.now() - lookedAt - TICK_MS)

/** Calls the listener at each look at the clock, some 50 times a second. @returns a function that removes it */
export function onLook(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
