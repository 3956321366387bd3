import type { Logger } from 'pino'

/** Logs the beginning and the end of an outage, not each of the attempts between. */
export interface OutageLog {
  /** Start-up has succeeded: from now on failures are worth a line. */
  begin(): void
  failed(error: Error): void
  recovered(): void
}

export function createOutageLog(logger: Logger, store: 'cache' | 'database'): OutageLog {
  let watching = false
  let since: number | undefined
  return {
    begin() {
      watching = true
    },
    failed(error) {
      if (!watching || since !== undefined) return
      since = Date.now()
      logger.error({ store, reason: error.message }, 'store lost')
    },
    recovered() {
      if (since === undefined) return
      logger.info({ store, afterMs: Date.now() - since }, 'store back')
      since = undefined
    },
  }
}
