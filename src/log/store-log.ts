import type { Logger } from 'pino'
import { createChangeFilter } from './change-filter.js'

/** Logs the beginning and the end of an outage, not each of the attempts between. */
export interface OutageLog {
  /** Start-up has succeeded: from now on failures are worth a line. */
  begin(): void
  failed(error: Error): void
  recovered(): void
}

export function createOutageLog(logger: Logger, store: 'cache' | 'database'): OutageLog {
  const changes = createChangeFilter()
  let watching = false
  return {
    begin() {
      watching = true
    },
    failed(error) {
      if (watching && changes.isNew(store, 'lost'))
        logger.error({ store, reason: error.message }, 'store lost')
    },
    recovered() {
      const afterMs = changes.ended(store)
      if (afterMs !== undefined) logger.info({ store, afterMs: Math.round(afterMs) }, 'store back')
    },
  }
}

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
