import type { AuditEventRow, AuditIntent, AuditOutcome, CompletedEvent } from './audit-store.js'

/** Milliseconds for which attempts of one kind and viewer make one event. */
const WINDOW_MS = 60_000

/** Sums up attempts that the service refuses because of who asks, such as the clears of a viewer who may only read. */
export interface RefusedAttempts {
  /**
   * Writes an event for the first attempt of this viewer with this action in a minute. Later ones are counted, and the number
   * is added to the event at the end of the minute, as `result.attempts`.
   * @returns the event; undefined for a later attempt
   * @throws UnavailableError (DATABASE_UNAVAILABLE) if the first event cannot be written
   */
  refuse(viewerKey: string, intent: AuditIntent, outcome: AuditOutcome): Promise<CompletedEvent | undefined>
  /** Adds all numbers now. Never fails. */
  stop(): Promise<void>
}

export interface RefusedAttemptsDeps {
  readonly begin: (intent: AuditIntent) => Promise<AuditEventRow>
  /** Never fails. */
  readonly complete: (event: AuditEventRow, outcome: AuditOutcome) => Promise<CompletedEvent>
}

interface Window {
  readonly event: Promise<AuditEventRow>
  readonly outcome: AuditOutcome
  readonly timer: NodeJS.Timeout
  attempts: number
}

/** There are at most as many windows as static tokens and accounts have kinds of actions, so that memory is bounded. */
export function createRefusedAttempts({ begin, complete }: RefusedAttemptsDeps): RefusedAttempts {
  const windows = new Map<string, Window>()

  async function close(key: string): Promise<void> {
    const window = windows.get(key)
    if (!window) return
    windows.delete(key)
    clearTimeout(window.timer)
    const { event, outcome, attempts } = window
    if (attempts > 1) await complete(await event, { ...outcome, result: { ...outcome.result, attempts } })
  }

  return {
    async refuse(viewerKey, intent, outcome) {
      const key = JSON.stringify([viewerKey, intent.action, intent.arguments['dryRun'] === true])
      const open = windows.get(key)
      if (open) {
        open.attempts += 1
        await open.event
        return undefined
      }
      const event = begin(intent)
      const timer = setTimeout(() => void close(key), WINDOW_MS).unref()
      windows.set(key, { event, outcome, timer, attempts: 1 })
      try {
        return await complete(await event, outcome)
      } catch (error) {
        clearTimeout(timer)
        windows.delete(key)
        throw error
      }
    },
    async stop() {
      await Promise.all([...windows.keys()].map(close))
    },
  }
}
