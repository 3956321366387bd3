import type { Logger } from 'pino'
import { isRightMissing } from '../redis/cache-errors.js'

/**
 * Clients hear only that the cache cannot be reached; whoever runs the service is to know which right is missing. Told
 * once for each command: it fails with every request that needs it.
 */
export function createRightsLog(logger: Logger): (command: string, error: unknown) => void {
  const told = new Set<string>()
  return (command, error) => {
    if (!isRightMissing(error) || told.has(command)) return
    told.add(command)
    logger.error(
      { store: 'cache', command, reason: error.message },
      'the cache refuses a command: its user lacks a right',
    )
  }
}
