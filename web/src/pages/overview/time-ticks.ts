/** Steps between ticks, in seconds: none is so much longer than the one before that a single tick would be left. */
const STEPS = [1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300] as const

/** Times for an axis from one second to another, at even distances and round; `shortest` seconds at least between two. */
export function timeTicks(from: number, to: number, shortest: number): number[] {
  const step = STEPS.find((seconds) => seconds >= shortest) ?? Math.ceil(shortest / 300) * 300
  const first = Math.ceil(from / step)
  const count = Math.max(Math.floor(to / step) - first + 1, 0)
  return Array.from({ length: count }, (_, index) => (first + index) * step)
}
