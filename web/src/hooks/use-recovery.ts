import { useEffect, useRef } from 'react'
import { connectivity } from '../api/connectivity.js'
import { sessionStore } from '../session/session.js'
import { useStore } from './store.js'

/** Runs `ask` again each time the server is back, or a new session has started. */
export function useRecovery(ask: () => unknown): void {
  const { recoveries } = useStore(connectivity)
  const { session } = useStore(sessionStore)
  const seen = useRef({ recoveries, session })
  const latest = useRef(ask)
  latest.current = ask
  useEffect(() => {
    if (seen.current.recoveries === recoveries && seen.current.session === session) return
    seen.current = { recoveries, session }
    latest.current()
  }, [recoveries, session])
}
