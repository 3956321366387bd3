import type { Logger } from 'pino'

/** Shortest time between two lines for the same reason, in milliseconds: an attack makes many cuts a second. */
const EVERY_MS = 60_000

/**
 * Logs that the service refuses or cuts clients, at most once a minute for each reason, with the number since the line before.
 * @param now returns milliseconds of a monotonic clock
 */
export function createCutLog(
  logger: Logger,
  now: () => number = () => performance.now(),
): (reason: string) => void {
  const counts = new Map<string, { count: number; nextAt: number }>()
  return (reason) => {
    const state = counts.get(reason) ?? { count: 0, nextAt: Number.NEGATIVE_INFINITY }
    counts.set(reason, state)
    state.count += 1
    if (now() < state.nextAt) return
    logger.warn({ reason, count: state.count }, 'clients are refused or cut')
    state.count = 0
    state.nextAt = now() + EVERY_MS
  }
}
