import type { Logger } from 'pino'
import { createChangeFilter } from './change-filter.js'

/**
 * Clients hear only that the cache cannot be reached; the operator has to know which right is missing. The log tells it
 * once for each command: the command fails with every request that needs it.
 */
export function createRightsLog(logger: Logger): (command: string, refusal: Error) => void {
  const changes = createChangeFilter()
  return (command, refusal) => {
    if (!changes.isNew(command, 'refused')) return
    logger.error(
      { store: 'cache', command, reason: refusal.message },
      'the cache refuses a command: its user lacks a right',
    )
  }
}
