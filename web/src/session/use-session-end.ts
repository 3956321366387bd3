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
    // Of one that ends later the server tells.
    if (rest > LONGEST_TIMER_MS) return
    const timer = setTimeout(expireSession, Math.max(rest, 0))
    return () => clearTimeout(timer)
  }, [session])
}
