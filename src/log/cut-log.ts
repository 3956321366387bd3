import type { Logger } from 'pino'
import { createPacedLine } from './paced.js'

/**
 * Logs that the service refuses or cuts clients, at most once a minute for each reason, since an attack makes many cuts a
 * second, with the number since the line before.
 * @param now returns milliseconds of a monotonic clock
 */
export function createCutLog(logger: Logger, now?: () => number): (reason: string) => void {
  const lines = new Map<string, (count: number) => void>()
  return (reason) => {
    const line =
      lines.get(reason) ??
      createPacedLine((count) => logger.warn({ reason, count }, 'clients are refused or cut'), now)
    lines.set(reason, line)
    line(1)
  }
}
