import type { Logger } from 'pino'
import { createChangeFilter } from './change-filter.js'

/** Logs the beginning and the end of an outage, and not each failed attempt. */
export interface OutageLog {
  /** Begins to log; called after the start, which reports failures by itself. */
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
