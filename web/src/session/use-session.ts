import { useQuery } from '@apollo/client/react'
import { useEffect } from 'react'
import { ViewerDocument, type ViewerQuery } from '../generated/graphql.js'
import { useStore } from '../hooks/store.js'
import { useRecovery } from '../hooks/use-recovery.js'
import { expireSession, sessionStore } from './session.js'

/** The longest delay that setTimeout takes, in milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The viewer is asked for again after so long while nobody is known. */
const ASK_AGAIN_MS = 3_000

/** The hook ends the session when its token expires, before a request fails. */
export function useSessionEnd(): void {
  const { session } = useStore(sessionStore)
  useEffect(() => {
    if (session?.expiresAt == null) return
    const rest = session.expiresAt - Date.now()
    // The server reports the end of a longer session.
    if (rest > LONGEST_TIMER_MS) return
    const timer = setTimeout(expireSession, Math.max(rest, 0))
    return () => clearTimeout(timer)
  }, [session])
}

/** The hook returns who is signed in; undefined until that is known. */
export function useViewer(): ViewerQuery['viewer'] | undefined {
  const { data, refetch } = useQuery(ViewerDocument, { fetchPolicy: 'cache-first' })
  // Another user may have signed in over the page.
  useRecovery(refetch)
  const viewer = data?.viewer
  // It is not known while PostgreSQL is away, and nothing else tells when it is back.
  useEffect(() => {
    if (viewer) return
    const timer = setInterval(() => void refetch(), ASK_AGAIN_MS)
    return () => clearInterval(timer)
  }, [viewer, refetch])
  return viewer
}

/** Tells whether the viewer is allowed to clear; false until that is known. */
export const useCanClear = (): boolean => useViewer()?.canClear ?? false
