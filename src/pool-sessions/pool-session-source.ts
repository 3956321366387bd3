import { setImmediate as nextTurn } from 'node:timers/promises'
import { UnavailableError } from '../errors.js'
import type { PoolSession } from './pool-session.js'
import type { PoolSessionStore } from './pool-session-store.js'

/** Pool sessions that one scan keeps at most: some 60 MB. */
const MOST_SESSIONS = 200_000

/** Reads all pool sessions as of one moment; every call of one reader gives the same list. */
export type PoolSessionReader = () => Promise<readonly PoolSession[]>

/** Gives each request its reader. Requests that come while a scan runs share the next one (single flight). */
export interface PoolSessionSource {
  reader(): PoolSessionReader
}

/** @param mostSessions beyond so many sessions a read fails, since a part of them would look like all */
export function createPoolSessionSource(
  store: PoolSessionStore,
  mostSessions = MOST_SESSIONS,
): PoolSessionSource {
  let running: Promise<unknown> = Promise.resolve()
  let next: Promise<readonly PoolSession[]> | undefined

  async function readAll(): Promise<readonly PoolSession[]> {
    const sessions: PoolSession[] = []
    for await (const batch of store.readAll()) {
      for (const session of batch) sessions.push(session)
      if (sessions.length > mostSessions) {
        const count = mostSessions.toLocaleString('en')
        throw new UnavailableError(
          'CACHE_UNAVAILABLE',
          `There are more than ${count} pool sessions, and so many are not read.`,
        )
      }
    }
    return sessions
  }

  /** A request cannot share the running scan, which may have passed what it has just written. */
  async function afterRunning(): Promise<readonly PoolSession[]> {
    await running
    await nextTurn()
    const scan = readAll()
    next = undefined
    running = scan.catch(() => {})
    return scan
  }

  const sharedScan = (): Promise<readonly PoolSession[]> => {
    next ??= afterRunning()
    return next
  }

  return {
    reader() {
      let snapshot: Promise<readonly PoolSession[]> | undefined
      return () => {
        snapshot ??= sharedScan()
        return snapshot
      }
    },
  }
}
