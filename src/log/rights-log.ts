import type { Logger } from 'pino'
import { createChangeFilter } from './change-filter.js'

/**
 * Logs each Redis command that our user has no right to, once for each command. Clients only get CACHE_UNAVAILABLE; the
 * operator has to know which right is missing.
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
