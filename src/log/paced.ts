/** Shortest time between two lines, in milliseconds. */
const EVERY_MS = 60_000

/**
 * Paces a line of the log that may come many times a second: at most once a minute, with the sum since the line before.
 * @param now returns milliseconds of a monotonic clock
 */
export function createPacedLine(
  write: (count: number) => void,
  now: () => number = () => performance.now(),
): (count: number) => void {
  let sum = 0
  let nextAt = Number.NEGATIVE_INFINITY
  return (count) => {
    sum += count
    if (now() < nextAt) return
    write(sum)
    sum = 0
    nextAt = now() + EVERY_MS
  }
}
