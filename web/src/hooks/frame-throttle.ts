/**
 * Throttles calls to one per animation frame, and at most one every `everyMs`. Nobody reads faster, so more drawing would
 * be wasted.
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
