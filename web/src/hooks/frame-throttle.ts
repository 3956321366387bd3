/**
 * Folds requests into one call on an animation frame, at most every `everyMs`: faster than that nobody reads, and what
 * is drawn between would be thrown away.
 */
export function frameThrottle(everyMs: number): (run: () => void) => void {
  let waiting: (() => void) | null = null
  let lastAt = 0
  const frame = () => {
    lastAt = performance.now()
    const run = waiting
    waiting = null
    run?.()
  }
  return (run) => {
    if (waiting !== null) return
    waiting = run
    const rest = lastAt + everyMs - performance.now()
    if (rest <= 0) requestAnimationFrame(frame)
    else setTimeout(() => requestAnimationFrame(frame), rest)
  }
}
