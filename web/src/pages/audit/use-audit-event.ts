import { useEffect, useState } from 'react'
import { client } from '../../api/client.js'
import { AuditEventsDocument } from '../../generated/graphql.js'
import type { AuditNode } from './AuditTable.js'

/** As many as the API gives at once. A link to an event is followed soon after it happened. */
const LOOK_BACK = 1_000

/** One event: of the page that is shown, else of the latest thousand. */
export function useAuditEvent(
  id: string | null,
  known: readonly AuditNode[],
): AuditNode | 'looking' | 'missing' | null {
  const shown = known.find((event) => event.id === id)
  const [found, setFound] = useState<{ id: string; event: AuditNode | 'missing' } | null>(null)
  const wanted = id !== null && !shown && found?.id !== id ? id : null
  useEffect(() => {
    if (wanted === null) return
    let over = false
    client
      .query({ query: AuditEventsDocument, variables: { first: LOOK_BACK }, fetchPolicy: 'no-cache' })
      .then(
        ({ data }) => data?.auditEvents.nodes.find((event) => event.id === wanted) ?? 'missing',
        () => 'missing' as const,
      )
      .then((event) => over || setFound({ id: wanted, event }))
    return () => {
      over = true
    }
  }, [wanted])
  if (id === null) return null
  return shown ?? (found?.id === id ? found.event : 'looking')
}
