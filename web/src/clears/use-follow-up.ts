import { useEffect, useState } from 'react'
import { client } from '../api/client.js'
import { ClearFollowUpLiveDocument, type FollowUpFragment } from '../generated/graphql.js'

export interface FollowedClear {
  /** Null before the first answer. */
  readonly followUp: FollowUpFragment | null
  /** Why nothing more is told: the server that answers keeps no follow-up of this clear, or none any more. */
  readonly error: unknown
}

const NOTHING_YET: FollowedClear = { followUp: null, error: undefined }

/** The hook follows where the users went whose pins a clear removed; nothing without an audit event. */
export function useFollowUp(auditEventId: string | undefined): FollowedClear {
  const [state, setState] = useState(NOTHING_YET)
  useEffect(() => {
    setState(NOTHING_YET)
    if (auditEventId === undefined) return
    const subscription = client
      .subscribe({
        query: ClearFollowUpLiveDocument,
        variables: { auditEventId },
        fetchPolicy: 'no-cache',
        // Without PostgreSQL the figures have no names.
        errorPolicy: 'all',
      })
      .subscribe({
        next: ({ data }) => data && setState({ followUp: data.clearFollowUp, error: undefined }),
        // What was told last is still true, for what it counts.
        error: (error: unknown) => setState((before) => ({ ...before, error })),
      })
    return () => subscription.unsubscribe()
  }, [auditEventId])
  return state
}
