import { useQuery } from '@apollo/client/react'
import { useEffect } from 'react'
import { ViewerDocument, type ViewerQuery } from '../generated/graphql.js'
import { useStore } from '../hooks/store.js'
import { useRecovery } from '../hooks/use-recovery.js'
import { useRepeat } from '../hooks/use-repeat.js'
import { expireSession, sessionStore } from './session.js'

/** The longest delay that setTimeout takes, in milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The hook ends the session when its token expires, before a request fails. */
export function useSessionEnd(): void {
  const { session } = useStore(sessionStore)
  useEffect(() => {
    if (session?.expiresAt == null) return
    const rest = session.expiresAt - Date.now()
    // The server reports the end of a longer session.
    if (rest > LONGEST_TIMER_MS) return
    const timer = setTimeout(() => expireSession(), Math.max(rest, 0))
    return () => clearTimeout(timer)
  }, [session])
}

/** The hook returns who is signed in; undefined until that is known. */
export function useViewer(): ViewerQuery['viewer'] | undefined {
  const { data, loading, error, refetch } = useQuery(ViewerDocument, { fetchPolicy: 'cache-first' })
  // Another user may have signed in over the page.
  useRecovery(refetch)
  // It is not known while PostgreSQL is away.
  useRepeat({ error, loading }, refetch)
  return data?.viewer
}

/** Tells whether the viewer is allowed to clear; false until that is known. */
export const useCanClear = (): boolean => useViewer()?.canClear ?? false
