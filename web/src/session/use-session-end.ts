import { useEffect } from 'react'
import { useStore } from '../hooks/store.js'
import { expireSession, sessionStore } from './session.js'

/** The longest delay that setTimeout takes, in milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Says that the session has ended when it does, before a request fails for it. */
export function useSessionEnd(): void {
  const { session } = useStore(sessionStore)
  useEffect(() => {
    if (session?.expiresAt == null) return
    const rest = session.expiresAt - Date.now()
    const timer = setTimeout(expireSession, Math.min(Math.max(rest, 0), LONGEST_TIMER_MS))
    return () => clearTimeout(timer)
  }, [session])
}
