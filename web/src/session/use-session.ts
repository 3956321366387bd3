import { useQuery } from '@apollo/client/react'
import { useEffect } from 'react'
import { ViewerDocument, type ViewerQuery } from '../generated/graphql.js'
import { useStore } from '../hooks/store.js'
import { useRecovery } from '../hooks/use-recovery.js'
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

/** Who is signed in; undefined until that is known. */
export function useViewer(): ViewerQuery['viewer'] | undefined {
  const { data, refetch } = useQuery(ViewerDocument, { fetchPolicy: 'cache-first' })
  // Somebody else may have signed in over the page.
  useRecovery(refetch)
  return data?.viewer
}

/** Clears are shown to those who may; while that is not known they are not. */
export const useCanClear = (): boolean => useViewer()?.canClear ?? false
